import os
import sim

os.mkdir("/flash/log")
for number in range(1, 13):
    with open("/flash/settings.txt", "w") as file:
        file.write("%d\n" % number * 100)
    sim.note(("saved", number))  # a promise: a file that was closed is there
    with open("/flash/log/%d.txt" % (number % 4), "a") as file:
        file.write("line %d\n" % number)
    sim.note(("logged", number))
