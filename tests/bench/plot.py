"""plot.py"""
