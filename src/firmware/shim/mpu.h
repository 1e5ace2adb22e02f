#include "firmware_port.h"
