"""result.py"""
