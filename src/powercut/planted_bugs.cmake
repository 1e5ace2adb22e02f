# Bugs planted into a copy of the write-back cache. A campaign has to find each of them.
#
# A bug is what follows its name: pairs of a text that src/flash/write_cache.cc holds exactly once, and what
# stands there instead. Where the text is gone, the cache has been rewritten: say the bug in its new words,
# or take it out if the cache cannot have it any more.
set(write_cache ${PROJECT_SOURCE_DIR}/src/flash/write_cache.cc)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${write_cache})
add_library(planted_bug_test OBJECT planted_bug_test.cc)
target_link_libraries(planted_bug_test PRIVATE powercut pybflash_options GTest::gtest_main)
add_custom_target(planted_bugs)

function(planted_bug name)
  file(READ ${write_cache} source)
  math(EXPR last "${ARGC} - 1")
  if(ARGC GREATER 1)
    foreach(old RANGE 1 ${last} 2)
      math(EXPR new "${old} + 1")
      string(FIND "${source}" "${ARGV${old}}" first REVERSE)
      string(FIND "${source}" "${ARGV${old}}" second)
      if(first EQUAL -1 OR NOT first EQUAL second)
        message(FATAL_ERROR "${write_cache} does not hold this once, which the planted bug '${name}' of "
                            "src/powercut/planted_bugs.cmake replaces:\n${ARGV${old}}")
      endif()
      string(REPLACE "${ARGV${old}}" "${ARGV${new}}" source "${source}")
    endforeach()
  endif()
  string(APPEND source "namespace powercut {\nextern const char* const kPlantedBug = \"${name}\";\n}\n")
  set(copy ${CMAKE_CURRENT_BINARY_DIR}/planted/${name}/write_cache.cc)
  file(CONFIGURE OUTPUT ${copy} CONTENT "${source}" @ONLY)

  # The copy comes before the library that holds the original.
  set(program planted_bug_${name})
  add_executable(${program} ${copy})
  target_link_libraries(${program} PRIVATE planted_bug_test powercut pybflash_options GTest::gtest_main)
  target_compile_options(${program} PRIVATE -w)
  gtest_discover_tests(${program} TEST_PREFIX ${name}. DISCOVERY_TIMEOUT 60)
  add_dependencies(planted_bugs ${program})
endfunction()

planted_bug(none)

# A flush that erases before the data is complete: blocks that are not cached are read when it is too late.
planted_bug(erases_before_complete
  "    FLASH_TRY(complete(area));\n" ""
  "area.count * sector_bytes));\n" "area.count * sector_bytes));\n    FLASH_TRY(complete(area));\n")

# An erase as soon as a sector is dirty, as the firmware has it: its content is in RAM alone until the sync.
planted_bug(erases_at_once
  "  mark_dirty(*slot, begin, begin + length);\n"
  "  mark_dirty(*slot, begin, begin + length);
  const Sectors at_once = {sector_of(*slot), 1};
  if (!can_complete(at_once.first, 1, 0)) return {};
  FLASH_TRY(complete(at_once));
  const uint32_t sector_bytes_at_once = blocks_per_sector_ * kCacheBlockBytes;
  FLASH_TRY(nor_.erase(slice_offset_ + at_once.first * sector_bytes_at_once, sector_bytes_at_once));\n")

# Blocks that share a sector with dirty ones are erased with them, and not programmed again.
planted_bug(forgets_the_neighbours
  "    mark_dirty(*last_found_, 0, kCacheBlockBytes);"
  "    if (last_found_->is_dirty()) mark_dirty(*last_found_, 0, kCacheBlockBytes);")

# A large erase that takes sectors with it that nobody has written to.
planted_bug(erases_too_much
  "compare(wider.first + sector, false) == Error::kNeedsErase" "compare(wider.first + sector, false) != Error::kIo")

# The dirty flag cleared early: what is clean is not programmed.
planted_bug(clean_before_programmed
  "    FLASH_TRY(program_block(*slot));\n    mark_clean(*slot);"
  "    mark_clean(*slot);\n    FLASH_TRY(program_block(*slot));")

# The dirty flag cleared although the hardware failed: the next sync has nothing to do and succeeds.
planted_bug(clean_without_success
  "    FLASH_TRY(program_block(*slot));\n    mark_clean(*slot);"
  "    const Status status = program_block(*slot);\n    mark_clean(*slot);\n    FLASH_TRY(status);")

# A sync that returns before the last sector, or the last page, is programmed.
planted_bug(sync_leaves_the_last_sector
  "    if (oldest.dirty_since > until) break;" "    if (oldest.dirty_since >= until) break;")
planted_bug(sync_leaves_the_last_page
  "(i + 1 == length || i >=" "(i >="
  "  return holds(present.data(), wanted, length) ? Status() : Status(Error::kIo);" "  return {};")

# A sync that says nothing of the sector that failed.
planted_bug(sync_hides_a_failure
  "  return is_dirty() ? first_error : Status();" "  return {};")

# What was programmed is not read back, so an operation that fails in silence is believed.
planted_bug(no_read_back
  "  return holds(present.data(), wanted, length) ? Status() : Status(Error::kIo);" "  return {};")

# One look is enough to skip an erase: the unstable bits of a torn erase look blank by chance.
planted_bug(trusts_a_single_look
  "looks = 4;" "looks = 1;")

# A word whose ECC a cut has broken: its sector can never be written again.
planted_bug(stops_at_a_torn_word
  "    if (is_torn(status)) return Error::kNeedsErase;" "")
planted_bug(cannot_load_a_torn_word
  "    if (!is_torn(status)) return status;" "    return status;")

# A word with ECC is programmed twice.
planted_bug(programs_a_word_twice
  "(has_ecc || !" "(!")
