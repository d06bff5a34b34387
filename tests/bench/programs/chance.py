"""chance.py: numbers that look random and are the same in every release."""


class Chance:
    """The minimal standard generator (Park and Miller)."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = self.state * 16807 % 2147483647
        return self.state % n

    def among(self, items):
        return items[self.below(len(items))]
