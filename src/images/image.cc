#include "images/image.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "boards/board_table.h"
#include "images/found_volumes.h"
#include "images/layer.h"
#include "images/words.h"

namespace images {

namespace fs = std::filesystem;

namespace {

std::unique_ptr<boards::Camera> open_camera(const boards::Board& board, const std::string& path,
                                            sim::ImageUse use, std::string& error) {
  auto camera = boards::Camera::open(board, path, use);
  if (auto* text = std::get_if<std::string>(&camera)) {
    error = std::move(*text);
    return nullptr;
  }
  return std::get<std::unique_ptr<boards::Camera>>(std::move(camera));
}

// Boards that lay their flash out alike read each other's images.
bool is_laid_out_like(const boards::Board& a, const boards::Board& b) {
  return a.part->geometry.size_bytes() == b.part->geometry.size_bytes() &&
         a.storage().offset == b.storage().offset && a.storage().size_bytes == b.storage().size_bytes &&
         a.native_block_bytes == b.native_block_bytes && a.simple_block_bytes == b.simple_block_bytes;
}

// `error` says why the image cannot be opened as one of this board, if so.
bool holds_filesystem(const boards::Board& board, const std::string& path, std::string& error) {
  error.clear();
  const auto camera = open_camera(board, path, sim::ImageUse::kScratch, error);
  if (!camera) return false;
  volumes::StorageDevice device(camera->storage());
  for (const Filesystem& filesystem : filesystems()) {
    if (filesystem.size_in(device)) return true;
  }
  const auto found = find_volumes(*camera);
  return !found.empty() && found.front().start == 0;  // a translation layer, that is
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

// Not fs::copy_file, for which a full disk is an "Input/output error". To open a pipe does not wait.
std::string copy_file(const std::string& from, const std::string& to) {
  const FileDescriptor source(::open(from.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat info;
  if (source.get() < 0 || fstat(source.get(), &info) != 0) return from + ": " + std::strerror(errno);
  if (!S_ISREG(info.st_mode)) return from + ": no regular file";
  const FileDescriptor target(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, info.st_mode));
  if (target.get() < 0 || fchmod(target.get(), info.st_mode) != 0) return to + ": " + std::strerror(errno);
  ssize_t copied = 1;
  while (copied > 0) {
    copied = sendfile(target.get(), source.get(), nullptr, static_cast<size_t>(info.st_size));
  }
  return copied == 0 ? "" : to + ": " + std::strerror(errno);
}

const boards::Board* board_by_content(const std::string& path, const Boards& candidates, std::string& error) {
  Boards holding;
  size_t refusals = 0;
  std::string refusal;
  for (const boards::Board* board : candidates) {
    std::string reason;
    if (holds_filesystem(*board, path, reason)) holding.push_back(board);
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
            "is a dump of the whole chip (is it cut short?)";
    return nullptr;
  }
  return candidates.size() == 1 ? candidates.front() : board_by_content(path, candidates, error);
}

const boards::Board* other_board_of(const std::string& path, const boards::Board& board) {
  std::error_code code;
  if (fs::file_size(path, code) != board.part->geometry.size_bytes() || code) return nullptr;
  std::string ignored;
  const auto candidates = layouts_of_size(board.part->geometry.size_bytes());
  if (candidates.size() == 1 || holds_filesystem(board, path, ignored)) return nullptr;
  for (const boards::Board* other : candidates) {
    if (!is_laid_out_like(*other, board) && holds_filesystem(*other, path, ignored)) return other;
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

std::string wear_path(const std::string& image_path) {
  return image_path + ".wear";
}

std::string Image::open(const std::string& path, const std::string& board_name, Use use, uint32_t start) {
  std::string error;
  const boards::Board* board = board_of(path, board_name, error);
  if (board == nullptr) return error;
  path_ = path;
  start_ = start;
  if (use == Use::kChange) {
    error = open_copy(*board);
  } else {
    camera_ = open_camera(*board, path_, sim::ImageUse::kScratch, error);
  }
  return error.empty() ? find_device() : error;
}

std::string Image::find_device() {
  const flash::Storage& storage = camera_->storage();
  const uint32_t size = storage.size_bytes();
  if (!flash::Partition::accepts(storage, start_, int64_t{size} - start_)) {
    return "--start " + std::to_string(start_) + ": no multiple of " +
           std::to_string(storage.native_block_bytes()) + " bytes inside the storage of " +
           std::to_string(size) + " bytes";
  }
  look_at_volume(size);
  if (start_ == 0 && content_.filesystem != nullptr) return {};
  const Filesystem* kind = content_.filesystem != nullptr ? content_.filesystem : content_.remains;
  const bool is_littlefs = kind != nullptr && kind != filesystem_of_option("fat");
  for (const FoundVolume& volume : find_volumes(*camera_)) {
    // Its first block was taken for the second one of a littlefs.
    if (is_littlefs && volume.start == start_ + storage.native_block_bytes()) {
      return "--start " + std::to_string(start_) + ": no volume begins here; --start " +
             std::to_string(volume.start) + " looks into the " + volume.kind;
    }
    const uint32_t volume_end = volume.start + volume.size_bytes;
    if (copy_ && volume.start < start_ && start_ < volume_end) {
      return "--start " + std::to_string(start_) + " lies inside the " + volume.kind + " that begins at " +
             std::to_string(volume.start) + ": what is there can be looked at, but not changed";
    }
    // A translation layer that ends before the storage does. Its log begins at a large sector.
    constexpr uint32_t kLargestSegment = 64 << 10;
    const bool is_layer = volume.kind.ends_with("translation layer");
    if (content_.filesystem == nullptr && is_layer && volume.start - start_ < kLargestSegment) {
      look_at_volume(volume_end);
    }
  }
  return {};
}

void Image::look_at_volume(uint32_t end) {
  flash::Storage& storage = camera_->storage();
  volumes::StorageDevice rest(storage, start_, end - start_);
  content_ = look_at(rest);
  if (content_.filesystem == nullptr && !content_.is_blank) {
    if (auto layer = mount_layer(storage, start_, end)) {
      device_ = std::move(layer);
      content_ = look_at(*device_);
      content_.description += " on a translation layer";
      return;
    }
    if (std::string remains = describe_remains_of_layer(*camera_, start_, end); !remains.empty()) {
      content_.description = std::move(remains);
      content_.remains = nullptr;
    }
  }
  // As the camera's boot: a filesystem says itself how long it is.
  uint64_t length = content_.size_bytes;
  if (!flash::Partition::accepts(storage, start_, static_cast<int64_t>(length))) length = rest.size_bytes();
  device_ = std::make_unique<volumes::StorageDevice>(storage, start_, static_cast<uint32_t>(length));
}

std::string Image::open_copy(const boards::Board& board) {
  std::error_code code;
  const fs::path real = fs::canonical(path_, code);  // the file, not a link to it, is replaced
  if (code) return path_ + ": " + code.message();
  if (!fs::is_regular_file(real, code)) return path_ + ": no regular file, and an image is one";
  path_ = real.string();
  copy_ = std::make_unique<Replacement>(path_);
  if (std::string error = copy_->claim(); !error.empty()) return error;
  copy_of_wear_ = std::make_unique<Replacement>(wear_path(path_), wear_path(copy_->path()));
  std::string error = copy_file(path_, copy_->path());
  if (error.empty() && fs::exists(wear_path(path_)))
    error = copy_file(wear_path(path_), copy_of_wear_->path());
  if (error.empty()) camera_ = open_camera(board, copy_->path(), sim::ImageUse::kKeep, error);
  // The user knows the image by its own name.
  if (const size_t at = error.find(copy_->path()); at != error.npos) {
    error.replace(at, copy_->path().size(), path_);
  }
  return error;
}

std::string Image::describe_no_filesystem() const {
  std::string text = path_ + ": holds " + content_.description;
  if (start_ != 0) text += " at start=" + std::to_string(start_);
  for (const FoundVolume& volume : find_volumes(*camera_)) {
    if (volume.start != start_) {
      return text + "; --start " + std::to_string(volume.start) + " looks into the " + volume.kind;
    }
  }
  return text;
}

std::string Image::mount() {
  if (content_.filesystem == nullptr) return describe_no_filesystem();
  if (copy_ && content_.filesystem->option.empty()) {
    return path_ + ": its " + content_.description + " can be read here, but not written";
  }
  volume_ = content_.filesystem->make(*device_, board());
  if (const flash::Status status = volume_->mount(); !status.ok()) {
    return path_ + ": its " + content_.description + " does not mount (" + reason_of(status) +
           "); pybflash image check tells more, and image rescue saves what can be read";
  }
  return {};
}

std::string Image::save() {
  volume_->unmount();
  flash::Status status = device_->sync();
  if (status.ok()) status = camera_->storage().sync();
  if (!status.ok()) {
    return path_ + ": not changed, the flash refused data (" + reason_of(status) + ")";
  }
  volume_.reset();
  device_.reset();
  camera_.reset();
  if (std::string error = copy_->commit(); !error.empty()) return error;
  return copy_of_wear_->commit();
}

}  // namespace images
