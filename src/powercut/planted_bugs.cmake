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
  "  FLASH_TRY(complete(sectors));\n  const uint32_t first_block" "  const uint32_t first_block"
  "  return program_sectors(sectors, true);" "  FLASH_TRY(complete(sectors));\n  return program_sectors(sectors, true);")

# An erase as soon as a sector is dirty, as the firmware has it: its content is in RAM alone until the sync.
planted_bug(erases_at_once
  "  mark_dirty(slot, piece.begin, piece.begin + piece.length);"
  "  mark_dirty(slot, piece.begin, piece.begin + piece.length);
  const Sectors at_once = {sector_of(piece.block), 1};
  if (!can_complete(at_once.first, 0)) return {};
  FLASH_TRY(complete(at_once));
  FLASH_TRY(nor_.erase(flash_offset(at_once.first * blocks_per_sector()), blocks_per_sector() * kCacheBlockBytes));")

# Blocks that share a sector with dirty ones are erased with them, and not programmed again.
planted_bug(forgets_the_neighbours
  "    mark_dirty(find(block), 0, kCacheBlockBytes);" "    if (memory_.slots[find(block)].is_dirty()) mark_dirty(find(block), 0, kCacheBlockBytes);")

# A large erase that takes sectors with it that nobody has written to.
planted_bug(erases_too_much
  "      FLASH_TRY(compare(wider.first + i, all_need_erase));" "      all_need_erase = true;")

# The dirty flag cleared early: what is clean is not programmed.
planted_bug(clean_before_programmed
  "    FLASH_TRY(program_block(slot, erased));\n    mark_clean(slot);"
  "    mark_clean(slot);\n    FLASH_TRY(program_block(slot, erased));")

# The dirty flag cleared although the hardware failed: the next sync has nothing to do and succeeds.
planted_bug(clean_without_success
  "    FLASH_TRY(program_block(slot, erased));\n    mark_clean(slot);"
  "    const Status status = program_block(slot, erased);\n    mark_clean(slot);\n    FLASH_TRY(status);")

# A sync that returns before the last sector, or the last page, is programmed.
planted_bug(sync_leaves_the_last_sector
  "  while (oldest != nullptr) {\n    const uint32_t tried"
  "  while (oldest != nullptr && oldest_dirty(&oldest->dirty_since) != nullptr) {\n    const uint32_t tried")
planted_bug(sync_leaves_the_last_page
  "run.length > 0;" "run.length > 0 && run.begin + run.length < wanted.size();"
  "  return holds(present, wanted.data()) ? Status() : Status(Error::kIo);" "  return {};")

# A sync that says nothing of the sector that failed.
planted_bug(sync_hides_a_failure
  "  return is_dirty() ? first_error : Status();" "  return {};")

# What was programmed is not read back, so an operation that fails in silence is believed.
planted_bug(no_read_back
  "  return holds(present, wanted.data()) ? Status() : Status(Error::kIo);" "  return {};")

# One look is enough to skip an erase: the unstable bits of a torn erase look blank by chance.
planted_bug(trusts_a_single_look
  "    return needs_erase ? Status() : look_again(at, present, needs_erase);" "    return {};")

# A word whose ECC a cut has broken: its sector can never be written again.
planted_bug(stops_at_a_torn_word
  "  if (read_status == Status(Error::kIo) && !geometry.reprogrammable) {" "  if (false) {")
planted_bug(cannot_load_a_torn_word
  "  if (status != Status(Error::kIo) || nor_.geometry().reprogrammable) return status;" "  return status;")

# A word with ECC is programmed twice.
planted_bug(programs_a_word_twice
  "    needs_erase = !is_erased(old_unit) && !holds(old_unit, wanted + i);"
  "    needs_erase = !is_programmable(old_unit, wanted + i);")
