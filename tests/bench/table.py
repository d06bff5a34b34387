"""table.py"""
