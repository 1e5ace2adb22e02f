"""Tests that drive the program from outside register themselves here."""

_cases = []


class Case:
    def __init__(self, name, function, fits):
        self.name = name
        self.function = function
        self.fits = fits


def case(*, fits=lambda board: True):
    """Decorates a test: a function of a Camera. `fits` says on which boards it has a meaning."""

    def register(function):
        module = function.__module__
        _cases.append(Case("%s.%s" % (module, function.__name__), function, fits))
        return function

    return register


def all_cases():
    return list(_cases)
