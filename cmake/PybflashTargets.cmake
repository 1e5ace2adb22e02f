# What every target of the house shares: the language, the warnings, where tests come from.

option(PYBFLASH_SANITIZE "Build with the address and undefined-behaviour sanitizers" OFF)
option(PYBFLASH_FUZZ "Build the fuzz targets; needs clang" OFF)
set(PYBFLASH_MICROPYTHON_DIR ${PROJECT_SOURCE_DIR}/build/micropython-1.25.0
    CACHE PATH "Source tree of MicroPython 1.25 or newer")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
if(NOT CMAKE_CROSSCOMPILING)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
endif()
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(pybflash_options INTERFACE)
target_include_directories(pybflash_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_options(pybflash_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    -Wno-sign-conversion -Werror -ffunction-sections -fdata-sections
    -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(PYBFLASH_SANITIZE)
  # vptr needs the type information that freestanding code is built without.
  # -g1: what a report names, lines and functions; all that a debugger could show costs a third of the compiler's time.
  set(PYBFLASH_SANITIZE_FLAGS -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined
      -fno-omit-frame-pointer -g1)
  target_compile_options(pybflash_options INTERFACE ${PYBFLASH_SANITIZE_FLAGS})
  target_link_options(pybflash_options INTERFACE ${PYBFLASH_SANITIZE_FLAGS})
endif()
if(PYBFLASH_FUZZ)
  target_compile_options(pybflash_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# pybflash_library(flash SOURCES a.cc b.cc [LIBS other ...])
function(pybflash_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC ${arg_LIBS} PRIVATE pybflash_options)
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  if(PYBFLASH_SANITIZE)
    target_compile_options(${name} PRIVATE -O1)  # most of the tests' time is spent in these, and this more than halves it
  endif()
endfunction()

# What files of a room share of the standard library is compiled again in each; so these go through the compiler in two
# heaps, one for each of two processors. Who works on one file says -DPYBFLASH_UNITY=OFF.
option(PYBFLASH_UNITY "Compile the large host rooms in two heaps each" ON)
function(pybflash_two_heaps target)
  get_target_property(sources ${target} SOURCES)
  list(LENGTH sources count)
  math(EXPR half "(${count} + 1) / 2")
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${PYBFLASH_UNITY} UNITY_BUILD_BATCH_SIZE ${half})
endfunction()

# For code that must not need an operating system: held to the camera's rules on the host, too.
set(PYBFLASH_FREESTANDING_FLAGS -fno-exceptions -fno-rtti -fno-threadsafe-statics -fno-use-cxa-atexit)
function(pybflash_freestanding name)
  target_compile_options(${name} PRIVATE ${PYBFLASH_FREESTANDING_FLAGS})
endfunction()

if(NOT CMAKE_CROSSCOMPILING)
  find_package(GTest REQUIRED)
  include(GoogleTest)
  # What a test program is compiled with.
  add_library(pybflash_test_options INTERFACE)
  add_library(pybflash_test_sanitizers INTERFACE)  # linked after pybflash_options, since the last flag holds
  target_link_libraries(pybflash_test_options INTERFACE pybflash_options pybflash_test_sanitizers GTest::gtest_main
      GTest::gmock)
  # GoogleTest's own macros trip over the first; gcc 12 sees the others in std::string and std::vector
  # where there is nothing, once it optimises.
  target_compile_options(pybflash_test_options INTERFACE -Wno-dangling-else
      $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-maybe-uninitialized>)
  # A test's own pointers: the address sanitizer sees them, and these three double what a test takes to compile.
  if(PYBFLASH_SANITIZE)
    target_compile_options(pybflash_test_sanitizers INTERFACE -fno-sanitize=null,alignment,object-size)
  endif()
  # GoogleTest's headers are parsed once for all of them; but gcc 12, once it optimises, warns of what it inlines from
  # headers that it has read before.
  if(NOT CMAKE_BUILD_TYPE STREQUAL Debug)
    set(CMAKE_DISABLE_PRECOMPILE_HEADERS ON)
  endif()
  file(CONFIGURE OUTPUT gtest_headers.cc CONTENT "// Nothing but headers.\n")
  add_executable(gtest_headers EXCLUDE_FROM_ALL ${CMAKE_CURRENT_BINARY_DIR}/gtest_headers.cc)
  target_link_libraries(gtest_headers PRIVATE pybflash_test_options)
  target_precompile_headers(gtest_headers PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
endif()

# pybflash_test(write_cache_test [SOURCES extra.cc ...] [LIBS flash ...]): one GoogleTest program, run by CTest.
function(pybflash_test name)
  if(CMAKE_CROSSCOMPILING)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${name}.cc ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} pybflash_test_options)
  target_precompile_headers(${name} REUSE_FROM gtest_headers)
  # Without the values: gtest prints the bytes of a struct, addresses among them, which differ from run to run.
  gtest_discover_tests(${name} NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60)
endfunction()
