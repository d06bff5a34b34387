"""bench.py"""
