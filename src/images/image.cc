#include "images/image.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "images/board_of.h"
#include "images/layer.h"
#include "images/words.h"

namespace images {

namespace fs = std::filesystem;

namespace {

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

std::string way_into(const FoundVolume& volume) {
  return "--start " + std::to_string(volume.start) + " looks into the " + volume.kind;
}

// What makes a change dangerous although it may mount; null: nothing.
const char* damaged_part(const Filesystem& filesystem, volumes::BlockDevice& device) {
  if (&filesystem == filesystem_of_option("fat")) {
    return has_allocation_table(device) ? nullptr : "allocation table";
  }
  return has_foreign_first_block(device) ? "first block" : nullptr;
}

}  // namespace

std::string wear_path(const std::string& image_path) {
  return image_path + ".wear";
}

std::vector<std::string> wear_paths(const std::string& image_path) {
  std::error_code no_path;  // as of a pipe
  const fs::path real = fs::weakly_canonical(image_path, no_path);
  std::vector<std::string> paths = {wear_path(image_path)};
  if (!real.empty()) paths.push_back(wear_path(real.string()));
  return paths;
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
  const auto found = find_volumes(*camera_);
  follows_volume_ = start_ == 0 || std::any_of(found.begin(), found.end(), [&](const FoundVolume& volume) {
                      return volume.start + volume.size_bytes == start_;
                    });
  look_at_volume(size);
  if (start_ == 0 && content_.filesystem != nullptr) return {};
  for (const FoundVolume& volume : found) {
    if (std::string error = refuse_start(volume); !error.empty()) return error;
  }
  if (content_.filesystem != nullptr) return {};
  // A translation layer that ends before the storage does.
  for (const FoundVolume& volume : found) {
    const uint32_t end = volume.start + volume.size_bytes;
    if (volume.is_layer && start_of_layer(camera_->storage(), start_, end) == volume.start)
      look_at_volume(end);
  }
  return {};
}

// For the sake of a volume that was found elsewhere.
std::string Image::refuse_start(const FoundVolume& neighbour) const {
  const Filesystem* kind = content_.filesystem != nullptr ? content_.filesystem : content_.remains;
  const bool is_littlefs = kind != nullptr && kind != filesystem_of_option("fat");
  const std::string start = "--start " + std::to_string(start_);
  // Its first block looks like the second one of a littlefs.
  if (is_littlefs && neighbour.start == start_ + camera_->board().native_block_bytes) {
    return start + ": no volume begins here; " + way_into(neighbour);
  }
  const bool is_inside = neighbour.start < start_ && start_ - neighbour.start < neighbour.size_bytes;
  if (!copy_ || !is_inside) return {};
  return start + " lies inside the " + neighbour.kind + " that begins at " + std::to_string(neighbour.start) +
         ": what is there can be looked at, but not changed";
}

void Image::look_at_volume(uint32_t end) {
  is_on_layer_ = false;
  flash::Storage& storage = camera_->storage();
  volumes::StorageDevice rest(storage, start_, end - start_);
  content_ = look_at(rest, {start_, follows_volume_});
  if (content_.filesystem == nullptr && !content_.is_blank) {
    if (auto layer = mount_layer(storage, start_, end)) {
      device_ = std::move(layer);
      is_on_layer_ = true;
      content_ = look_at(*device_, {});
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
    if (volume.start != start_) return text + "; " + way_into(volume);
  }
  return text;
}

std::string Image::mount() {
  if (content_.filesystem == nullptr) return describe_no_filesystem();
  if (copy_ && content_.filesystem->option.empty()) {
    return path_ + ": its " + content_.description + " can be read here, but not written";
  }
  const char* const damaged = copy_ ? damaged_part(*content_.filesystem, *device_) : nullptr;
  if (damaged != nullptr) {
    return path_ + ": the " + damaged + " of its " + content_.description +
           " is damaged; pybflash image rescue saves what can be read";
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
