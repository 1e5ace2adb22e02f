// `pybflash boards`: the table of cameras.
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "boards/board_table.h"
#include "chipmap/words.h"
#include "cli/commands.h"
#include "cli/table.h"

namespace cli {

namespace {

using chipmap::in_bytes;

// "1 x 16 KiB + 3 x 64 KiB": the erase sectors that the storage consists of.
std::string sectors_of(const boards::Board& board) {
  const boards::Area& storage = board.storage();
  std::vector<std::pair<uint32_t, uint32_t>> runs;  // size, count
  for (uint32_t at = storage.offset; at < storage.offset + storage.size_bytes;) {
    const uint32_t size = board.part->geometry.sector_at(at).size_bytes;
    if (runs.empty() || runs.back().first != size) runs.emplace_back(size, 0);
    ++runs.back().second;
    at += size;
  }
  std::string text;
  for (const auto& [size, count] : runs) {
    if (!text.empty()) text += " + ";
    text += std::to_string(count) + " x " + in_bytes(size);
  }
  return text;
}

TableRow row_of(const boards::Board& board) {
  return {std::string(board.name),
          std::string(board.camera),
          std::string(board.mcu),
          std::string(board.part->name),
          in_bytes(board.storage().size_bytes),
          sectors_of(board),
          std::to_string(board.simple_block_bytes) + "/" + std::to_string(board.native_block_bytes),
          in_bytes(board.cache_bytes)};
}

int list_boards() {
  std::vector<TableRow> rows = {{"BOARD", "CAMERA", "MCU", "FLASH", "STORAGE", "SECTORS", "BLOCKS", "CACHE"}};
  for (const boards::Board& board : boards::all_boards()) rows.push_back(row_of(board));
  print_table(std::cout, rows);
  std::cout
      << "\nSTORAGE is what pyb.Flash sees, in SECTORS the hardware can erase. BLOCKS are the bytes of\n"
         "a simple and of a native block. CACHE is the RAM of the write-back cache.\n";
  return kExitOk;
}

}  // namespace

void add_boards_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("boards", "List the cameras and their flash");
  command->footer("Example:\n  pybflash boards");
  command->callback([&action] { action = list_boards; });
}

}  // namespace cli
