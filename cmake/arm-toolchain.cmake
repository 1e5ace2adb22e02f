# The camera's processors, by Debian's gcc-arm-none-eabi. Only the freestanding rooms are built with it.
#   -DPYBFLASH_ARM_CPU=cortex-m4 | cortex-m7 | cortex-m55
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_CXX_COMPILER arm-none-eabi-g++)
# No program is linked: there is no operating system to run it.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

set(PYBFLASH_ARM_CPU cortex-m7 CACHE STRING "Processor of the camera")
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES PYBFLASH_ARM_CPU)

# OpenMV Cam M4: STM32F427; M7, H7: STM32F765, STM32H743; N6: STM32N657.
if(PYBFLASH_ARM_CPU STREQUAL cortex-m4)
  set(fpu -mfpu=fpv4-sp-d16)
elseif(PYBFLASH_ARM_CPU STREQUAL cortex-m7)
  set(fpu -mfpu=fpv5-d16)
else()
  set(fpu "")  # the M55 brings its own
endif()
set(CMAKE_CXX_FLAGS_INIT "-mcpu=${PYBFLASH_ARM_CPU} -mthumb -mfloat-abi=hard ${fpu} -ffreestanding \
-fno-unwind-tables -fno-asynchronous-unwind-tables")
set(CMAKE_C_FLAGS_INIT "-mcpu=${PYBFLASH_ARM_CPU} -mthumb -mfloat-abi=hard ${fpu}")
