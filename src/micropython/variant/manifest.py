# As source text: it is compiled at each start in no time, and no mpy-cross has to be built.
freeze_as_str("modules")
# MicroPython's own asyncio, which every camera has; put there by ../CMakeLists.txt.
freeze_as_str("$(PACKAGES_DIR)")
