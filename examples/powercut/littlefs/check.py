import os
import sim

promised = sim.notes()
print("promised last:", promised[-1:])


def newest(what):
    return max([number for kind, number in promised if kind == what], default=0)


def lines_of(path):
    try:
        with open(path) as file:
            return file.read().splitlines()
    except OSError:
        return []


def check_settings():
    # The file holds what it held before or what it was given, and nothing in between.
    lines = lines_of("/flash/settings.txt")
    number = int(lines[0]) if lines else 0
    assert number >= newest("saved"), "settings %d are lost" % newest("saved")
    assert lines == [str(number)] * (100 if number else 0), "settings %d are not whole" % number


def check_log():
    logged = sorted(int(line.split()[1]) for n in range(4) for line in lines_of("/flash/log/%d.txt" % n))
    assert logged == list(range(1, len(logged) + 1)), "the log is %s" % logged
    assert len(logged) >= newest("logged"), "line %d is lost" % newest("logged")


if promised:  # a cut within the formatting may leave anything
    assert "flash" in os.listdir("/"), "the filesystem is lost"
    check_settings()
    check_log()
    open("/flash/new.txt", "w").close()  # and it still takes data
