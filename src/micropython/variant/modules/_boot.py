# Runs before the user's script and leaves no names behind.
import sys
import _mount_flash

_mount_flash.run()
del sys.modules["_mount_flash"], _mount_flash, sys
