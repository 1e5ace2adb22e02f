#include "boards/hardware.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "boards/board_table.h"
#include "sim/cells.h"

namespace boards {
namespace {

// The width is what the supply allows (RM0090, 3.6.2): below 2.1 V, a word is four programs.
TEST(InternalFlash, TakesBytesWhereItsDriverProgramsWords) {
  for (const char* name : {"OPENMV2", "OPENMV3"}) {
    const Board& board = *find_board(name);
    std::vector<uint8_t> bytes(board.part->geometry.size_bytes(), 0xFF);
    sim::Cells cells(physics_of(*board.part), bytes);
    sim::Clock clock;
    const auto hardware = make_hardware(board, cells, clock);
    sim::AddressSpace& space = hardware->space();
    constexpr uint32_t kKeyr = 0x40023C04, kCr = 0x40023C10, kArray = 0x08008000;
    space.store(kKeyr, 0x45670123, 4);
    space.store(kKeyr, 0xCDEF89AB, 4);
    space.store(kCr, 1, 4);  // PG, x8
    space.store(kArray + 1, 0x5A, 1);
    EXPECT_EQ(bytes[0x8000], 0xFF) << name;
    EXPECT_EQ(bytes[0x8001], 0x5A) << name;
  }
}

}  // namespace
}  // namespace boards
