// The firmware's messages go nowhere.
#pragma once

#define printf(...) ((void)0)
