#include "cli/image_board.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "boards/board_table.h"
#include "boards/hardware.h"
#include "chipmap/chip_map.h"
#include "cli/camera_options.h"
#include "cli/commands.h"

namespace cli {

namespace {

// Returns what was wrong, or nothing.
std::string open(const std::string& path, const boards::Board& board, LoadedImage& loaded) {
  auto image = sim::Image::open(path, boards::physics_of(*board.part), sim::ImageUse::kScratch);
  if (std::string* error = std::get_if<std::string>(&image)) return std::move(*error);
  loaded = {&board, std::get<std::unique_ptr<sim::Image>>(std::move(image))};
  return {};
}

bool open_or_report(const std::string& path, const boards::Board& board, LoadedImage& loaded) {
  const std::string error = open(path, board, loaded);
  if (!error.empty()) usage_error(error);
  return error.empty();
}

// Does a filesystem start where this board has its storage?
bool has_volume(const LoadedImage& loaded) {
  const chipmap::ChipMap map = chipmap::survey(*loaded.board, loaded.image->memory());
  return !map.volumes().empty() && map.volumes().front().offset == loaded.board->storage().offset;
}

// Boards that are alike in all that an image shows are one here.
bool has_same_layout(const boards::Board& a, const boards::Board& b) {
  return a.part->geometry.size_bytes() == b.part->geometry.size_bytes() &&
         a.storage().offset == b.storage().offset && a.storage().size_bytes == b.storage().size_bytes;
}

std::string names_of(const std::vector<const boards::Board*>& boards) {
  std::string names;
  for (const boards::Board* board : boards) {
    if (!names.empty()) names += ", ";
    names += board->name;
  }
  return names;
}

bool find_by_content(const std::string& path, const std::vector<const boards::Board*>& candidates,
                     LoadedImage& loaded) {
  std::vector<const boards::Board*> opened, fitting;
  std::string error;
  for (const boards::Board* board : candidates) {
    LoadedImage attempt;
    // The wear counters beside the image are of one board's flash only.
    if (std::string why = open(path, *board, attempt); !why.empty()) {
      error = std::move(why);
      continue;
    }
    opened.push_back(board);
    if (!has_volume(attempt)) continue;
    fitting.push_back(board);
    if (fitting.size() == 1) loaded = std::move(attempt);
  }
  if (opened.empty()) {
    usage_error(error);
    return false;
  }
  if (fitting.empty() && opened.size() == 1) return open_or_report(path, *opened.front(), loaded);
  const bool is_clear =
      !fitting.empty() && std::all_of(fitting.begin(), fitting.end(), [&](const auto* board) {
        return has_same_layout(*board, *fitting.front());
      });
  if (is_clear) return true;
  usage_error(path + ": may be of " + names_of(fitting.empty() ? opened : fitting) +
              "; say which with --board");
  return false;
}

}  // namespace

bool load_image(const std::string& path, const std::string& board_name, LoadedImage& loaded) {
  if (!board_name.empty()) {
    const boards::Board* board = find_board_or_report(board_name);
    return board != nullptr && open_or_report(path, *board, loaded);
  }
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) {
    usage_error(path + ": " + error.message());
    return false;
  }
  std::vector<const boards::Board*> candidates;
  for (const boards::Board& board : boards::all_boards()) {
    if (board.part->geometry.size_bytes() == size) candidates.push_back(&board);
  }
  if (candidates.empty()) {
    usage_error(path + ": holds " + std::to_string(size) +
                " bytes, and no board has a flash of that size; "
                "an image is the raw dump of a whole chip");
    return false;
  }
  if (candidates.size() == 1) return open_or_report(path, *candidates.front(), loaded);
  return find_by_content(path, candidates, loaded);
}

}  // namespace cli
