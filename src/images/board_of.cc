#include "images/board_of.h"

#include <filesystem>
#include <utility>
#include <variant>
#include <vector>

#include "boards/board_table.h"
#include "images/filesystems.h"
#include "images/found_volumes.h"
#include "volumes/storage_device.h"

namespace images {

namespace fs = std::filesystem;

namespace {

// Boards that lay their flash out alike read each other's images.
bool is_laid_out_like(const boards::Board& a, const boards::Board& b) {
  return a.part->geometry.size_bytes() == b.part->geometry.size_bytes() &&
         a.storage().offset == b.storage().offset && a.storage().size_bytes == b.storage().size_bytes &&
         a.native_block_bytes == b.native_block_bytes && a.simple_block_bytes == b.simple_block_bytes;
}

constexpr const char* kFillUp = "fill it up with bytes FF";

enum class Found { kNothing, kRemains, kFilesystem };

// At the start of the board's storage. `error` says why the image cannot be opened as one of this board, if
// so.
Found look_for_filesystem(const boards::Board& board, const std::string& path, std::string& error) {
  error.clear();
  const auto camera = open_camera(board, path, sim::ImageUse::kScratch, error);
  if (!camera) return Found::kNothing;
  volumes::StorageDevice device(camera->storage());
  const Content content = look_at(device, {});
  if (content.filesystem != nullptr) return Found::kFilesystem;
  const auto found = find_volumes(*camera);
  if (!found.empty() && found.front().start == 0) return Found::kFilesystem;  // on a translation layer
  return content.remains != nullptr ? Found::kRemains : Found::kNothing;
}

// Of a dump that is cut short; else nothing.
std::string refuse_too_short(const boards::Board& board, const std::string& path) {
  std::error_code none;  // or a pipe; a new image holds nothing
  const uint64_t size = fs::file_size(path, none), whole = board.part->geometry.size_bytes();
  if (none || size == 0 || size >= whole) return {};
  return path + ": holds " + std::to_string(size) + " bytes, but this board's flash has " +
         std::to_string(whole) + "; name the board it was made for, or, if it is cut short, " + kFillUp;
}

using Boards = std::vector<const boards::Board*>;

std::string names_of(const Boards& boards) {
  std::string names;
  for (const boards::Board* board : boards) names += (names.empty() ? "" : ", ") + std::string(board->name);
  return names;
}

// One board for each layout of a flash of this size.
Boards layouts_of_size(uint64_t size) {
  Boards found;
  for (const boards::Board& board : boards::all_boards()) {
    if (board.part->geometry.size_bytes() != size) continue;
    bool is_new = true;
    for (const boards::Board* other : found) is_new = is_new && !is_laid_out_like(board, *other);
    if (is_new) found.push_back(&board);
  }
  return found;
}

const boards::Board* board_by_content(const std::string& path, const Boards& candidates, std::string& error) {
  Boards holding;
  size_t refusals = 0;
  std::string refusal;
  for (const boards::Board* board : candidates) {
    std::string reason;
    if (look_for_filesystem(*board, path, reason) != Found::kNothing) holding.push_back(board);
    if (reason.empty()) continue;
    ++refusals;
    refusal = reason;
  }
  if (holding.size() == 1) return holding.front();
  // What is wrong for every board is wrong with the file.
  error =
      refusals == candidates.size()
          ? refusal
          : path + ": cannot tell which board it belongs to; add --board with one of " + names_of(candidates);
  return nullptr;
}

}  // namespace

std::unique_ptr<boards::Camera> open_camera(const boards::Board& board, const std::string& path,
                                            sim::ImageUse use, std::string& error) {
  if (std::string too_short = refuse_too_short(board, path); !too_short.empty()) {
    error = std::move(too_short);
    return nullptr;
  }
  auto camera = boards::Camera::open(board, path, use);
  if (auto* text = std::get_if<std::string>(&camera)) {
    error = std::move(*text);
    return nullptr;
  }
  return std::get<std::unique_ptr<boards::Camera>>(std::move(camera));
}

const boards::Board* named_board(const std::string& name, std::string& error) {
  const boards::Board* board = boards::find_board(name);
  if (board != nullptr) return board;
  Boards all;
  for (const boards::Board& each : boards::all_boards()) all.push_back(&each);
  error = "unknown board '" + name + "'; choose one of " + names_of(all);
  return nullptr;
}

const boards::Board* board_of(const std::string& path, const std::string& name, std::string& error) {
  if (!name.empty()) return named_board(name, error);
  std::error_code code;
  const uint64_t size = fs::file_size(path, code);
  if (code) {
    error = path + ": " + code.message();
    // Says better what it is, if it fails: no name at all would be a chip in RAM.
    open_camera(boards::all_boards().front(), path, sim::ImageUse::kScratch, error);
    return nullptr;
  }
  const auto candidates = layouts_of_size(size);
  if (candidates.empty()) {
    error = path + ": holds " + std::to_string(size) + " bytes, and no board's flash is as large; an image " +
            "is a dump of the whole chip; if it is cut short, " + kFillUp;
    return nullptr;
  }
  return candidates.size() == 1 ? candidates.front() : board_by_content(path, candidates, error);
}

const boards::Board* other_board_of(const std::string& path, const boards::Board& board) {
  std::error_code code;
  if (fs::file_size(path, code) != board.part->geometry.size_bytes() || code) return nullptr;
  std::string ignored;
  const auto candidates = layouts_of_size(board.part->geometry.size_bytes());
  if (candidates.size() == 1) return nullptr;
  if (look_for_filesystem(board, path, ignored) != Found::kNothing) return nullptr;
  for (const boards::Board* other : candidates) {
    if (is_laid_out_like(*other, board)) continue;
    if (look_for_filesystem(*other, path, ignored) == Found::kFilesystem) return other;
  }
  return nullptr;
}

std::string names_of_boards_with_as_much_flash(const boards::Board& board) {
  Boards found;
  for (const boards::Board& other : boards::all_boards()) {
    if (other.part->geometry.size_bytes() == board.part->geometry.size_bytes()) found.push_back(&other);
  }
  return names_of(found);
}

}  // namespace images
