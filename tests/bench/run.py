"""run.py"""
