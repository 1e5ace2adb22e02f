#include "images/rescue.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "images/fat_boot_sector.h"
#include "images/found_volumes.h"
#include "images/mend_fat.h"
#include "images/mend_littlefs.h"
#include "images/walk.h"
#include "images/words.h"

namespace images {

namespace fs = std::filesystem;

namespace {

using flash::Status;
using volumes::Volume;

// What is lost with one unreadable place.
constexpr uint32_t kPieceBytes = 512;

Status read_piece(Volume& volume, const std::string& path, uint32_t offset, std::span<uint8_t> out) {
  std::unique_ptr<volumes::File> file;
  FLASH_TRY(volume.open(path, volumes::OpenMode::kRead, file));
  FLASH_TRY(file->seek(offset));
  size_t done = 0;
  FLASH_TRY(file->read(out, done));
  return done == out.size() ? Status{} : flash::Error::kIo;
}

struct Stretch {
  size_t begin = 0, length = 0;
};
Stretch longest_blank_stretch(std::span<const uint8_t> bytes) {
  Stretch longest, now;
  for (size_t at = 0; at < bytes.size(); ++at) {
    if (bytes[at] != 0xFF) {
      now = {at + 1, 0};
    } else if (++now.length > longest.length) {
      longest = now;
    }
  }
  return longest;
}

// A name that this computer can have, and that stays in its folder.
std::string host_name(std::string name) {
  std::replace(name.begin(), name.end(), '/', '_');
  std::replace(name.begin(), name.end(), '\0', '_');
  return name == "." || name == ".." ? "_" : name;
}

// A file that is not there yet. Returns an errno, or 0.
int write_new(const std::string& path, std::span<const uint8_t> bytes) {
  std::FILE* const file = std::fopen(path.c_str(), "wbx");
  if (file == nullptr) return errno;
  const size_t written = bytes.empty() ? 0 : std::fwrite(bytes.data(), 1, bytes.size(), file);
  int error = written == bytes.size() ? 0 : errno;
  if (std::fclose(file) != 0 && error == 0) error = errno;
  if (error != 0) std::remove(path.c_str());  // half of it is not what its name says
  return error;
}

// As NAME.damaged, or NAME.damaged.2 where a file of the image has that name.
int write_damaged(const fs::path& path, std::span<const uint8_t> bytes) {
  int error = EEXIST;
  for (unsigned n = 1; error == EEXIST; ++n) {
    const std::string end = n == 1 ? ".damaged" : ".damaged." + std::to_string(n);
    const std::string stem = path.filename().string().substr(0, NAME_MAX - end.size());
    error = write_new(path.parent_path() / (stem + end), bytes);
  }
  return error;
}

// Also of the folder that a file lies in, which could not be made.
bool is_about_a_name(int error) {
  constexpr std::array kErrors = {EEXIST, EILSEQ, EINVAL, EISDIR, ENAMETOOLONG, ENOENT, ENOTDIR};
  return std::find(kErrors.begin(), kErrors.end(), error) != kErrors.end();
}

class Rescue {
 public:
  Rescue(Image& image, std::string host_path, const OnProgress& on_progress, Rescued& rescued)
      : image_(image), host_path_(std::move(host_path)), on_progress_(on_progress), rescued_(rescued) {}

  std::string run() {
    if (std::string error = mount(); !error.empty()) return error;
    std::error_code code;
    fs::create_directories(host_path_, code);
    if (code) return host_path_ + ": " + code.message();
    std::vector<Node> nodes;
    walk(volume(), "/", nodes, [&](const Fault& fault) {
      const bool is_damage = fault.status != volumes::kTooDeep;
      rescued_.remarks.push_back(printable(fault.path) + ": " + reason_of(fault.status) +
                                 (fault.is_file ? "; it is lost"
                                  : is_damage   ? "; what else is in it is lost"
                                                : "; image get copies it by its path"));
      rescued_.lost_files += fault.is_file ? 1 : 0;
      return true;
    }).ignore();
    for (const Node& node : nodes) total_bytes_ += node.entry.size_bytes;
    for (const Node& node : nodes) {
      if (std::string error = save(node); !error.empty()) return error;
    }
    return save_damaged();
  }

 private:
  Volume& volume() { return *volume_; }
  bool is_fat() const { return filesystem_ == filesystem_of_option("fat"); }

  std::string mount() {
    const Content& content = image_.content();
    filesystem_ = content.filesystem != nullptr ? content.filesystem : content.remains;
    if (filesystem_ == nullptr) return "nothing to save: the storage holds " + content.description;
    volume_ = filesystem_->make(image_.device(), image_.board());
    Status status = volume_->mount();
    if (is_fat()) {
      status = mend_volume(status.ok());
    } else if (!status.ok() && filesystem_ == filesystem_of_option("littlefs")) {
      size_t lost = 0;
      status = mount_without_damaged_folders(image_.device(), volume_, lost);
      if (lost != 0) {
        rescued_.remarks.push_back(std::to_string(lost) +
                                   " folders are damaged; they come out empty, or without their rest");
      }
    }
    if (status.ok()) return {};
    return "nothing can be saved: the " + std::string(filesystem_->name) + " is damaged at its root (" +
           reason_of(status) + ")";
  }

  Status mend_volume(bool mounts) {
    FatBootSector boot;
    FLASH_TRY(mend_boot_sector(mounts, boot));
    if (boot.is_new)
      rescued_.remarks.push_back("the boot sector is damaged; the camera's usual one was taken");
    if (!boot.is_certain)
      rescued_.remarks.push_back("where its clusters lie is a guess; no file is sure to be whole");
    // What cannot be mended may be read all the same, but no file of it is taken as whole.
    mend_fat(image_.device(), image_.camera(), !boot.is_certain, mended_).ignore();
    for (const auto* lines : {&mended_.lost_names, &mended_.remarks}) {
      rescued_.remarks.insert(rescued_.remarks.end(), lines->begin(), lines->end());
    }
    return volume_->mount();
  }

  // The FAT went on to the end of the storage, or to the next volume, or to where only its root can tell.
  Status mend_boot_sector(bool mounts, FatBootSector& boot) {
    std::vector<uint32_t> likely_lengths = {image_.device().size_bytes()};
    for (const FoundVolume& volume : find_volumes(image_.camera())) {
      const uint32_t length = volume.start - image_.start();
      if (volume.start > image_.start() && length < image_.device().size_bytes())
        likely_lengths.push_back(length);
    }
    return mend_fat_boot_sector(image_.device(), image_.camera(), mounts, likely_lengths, boot);
  }

  std::string host_path_of(const std::string& path) const {
    fs::path host = host_path_;
    for (const fs::path& part : fs::path(path).relative_path()) host /= host_name(part.string());
    return host.string();
  }

  // What can be read of a FAT may be that of another file.
  bool is_whole(const Node& node) {
    if (!is_fat() || node.entry.size_bytes == 0) return true;
    std::unique_ptr<volumes::File> file;
    if (!volume().open(node.path, volumes::OpenMode::kRead, file).ok()) return false;
    const auto known = mended_.sizes_of_whole_files.find(file->first_cluster());
    return known != mended_.sizes_of_whole_files.end() && known->second == node.entry.size_bytes;
  }

  bool is_damaged_folder(const std::string& path) {
    uint32_t place = 0;
    return is_fat() && volume().place_of_folder(path, place).ok() && mended_.damaged_folders.contains(place);
  }

  // What is whole comes first: its name is its own.
  std::string save(const Node& node) {
    if (node.entry.is_directory) return save_folder(node);
    if (node.entry.size_bytes > image_.device().size_bytes()) {
      lose(node, "it claims to be larger than the storage");
      return {};
    }
    on_progress_(done_bytes_, total_bytes_, node.path);
    uint32_t lost_bytes = 0;
    const auto bytes = read_what_can_be(volume(), node.path, node.entry.size_bytes, lost_bytes);
    done_bytes_ += node.entry.size_bytes;
    if (lost_bytes != 0 || !is_whole(node)) {
      damaged_.push_back(node);
      return {};
    }
    const int error = write_new(host_path_of(node.path), bytes);
    rescued_.whole_files += error == 0 ? 1 : 0;
    if (error == 0) tell_of_blank_stretch(node, bytes);
    return judge(node, error);
  }

  std::string save_folder(const Node& node) {
    std::error_code code;
    fs::create_directory(host_path_of(node.path), code);
    rescued_.folders += code ? 0 : 1;
    if (is_damaged_folder(node.path))
      rescued_.remarks.push_back(printable(node.path) +
                                 ": its chain of clusters does not hold; names may be missing");
    return judge(node, code.value());
  }

  // Those of a FAT whose clusters cannot be found go on with the next one, as files mostly do.
  std::string save_damaged() {
    if (damaged_.empty()) return {};
    if (is_fat() && bridge_fat_table(image_.device()).ok()) volume().mount().ignore();
    for (const Node& node : damaged_) {
      uint32_t lost_bytes = 0;
      const auto bytes = read_what_can_be(volume(), node.path, node.entry.size_bytes, lost_bytes);
      if (lost_bytes != 0 && lost_bytes == bytes.size()) {
        lose(node, "not a byte of it can be read");
        continue;
      }
      const int error = write_damaged(host_path_of(node.path), bytes);
      if (error == 0) tell_damaged(node, lost_bytes);
      if (std::string problem = judge(node, error); !problem.empty()) return problem;
    }
    return {};
  }

  // These filesystems have no checksum of what is in a file; a translation layer under them has. Where a
  // sector was erased and not programmed, there are ones; but a white picture has them, too.
  void tell_of_blank_stretch(const Node& node, std::span<const uint8_t> bytes) {
    constexpr size_t kChanceBytes = 16;
    const auto [begin, length] = longest_blank_stretch(bytes);
    const bool is_telling = length >= kPieceBytes || (length == bytes.size() && length >= kChanceBytes);
    if (!is_telling || image_.is_on_layer()) return;
    rescued_.hints.push_back(printable(node.path) + ": " + std::to_string(length) + " bytes from byte " +
                             std::to_string(begin) +
                             " on are blank, as where a sector was erased; they may be lost");
  }

  void tell_damaged(const Node& node, uint32_t lost_bytes) {
    ++rescued_.damaged_files;
    const std::string zeros = std::to_string(lost_bytes) + " of " + std::to_string(node.entry.size_bytes) +
                              " bytes are lost, and zeros in their place";
    rescued_.remarks.push_back(
        printable(node.path) + ": " +
        (lost_bytes == 0 ? "its chain of clusters does not hold; taken as lying in a row where it breaks"
                         : zeros));
  }

  void lose(const Node& node, const std::string& why) {
    rescued_.lost_files += node.entry.is_directory ? 0 : 1;
    rescued_.remarks.push_back(printable(node.path) + ": lost; " + why);
  }

  // A name that does not do costs one entry. A disk that is full, or fails, is the end of it.
  std::string judge(const Node& node, int error) {
    if (error == 0) return {};
    if (!is_about_a_name(error)) return printable(host_path_of(node.path)) + ": " + std::strerror(error);
    lose(node, std::string("it cannot have its name on this computer: ") + std::strerror(error));
    return {};
  }

  Image& image_;
  const std::string host_path_;
  const OnProgress& on_progress_;
  Rescued& rescued_;
  const Filesystem* filesystem_ = nullptr;
  std::unique_ptr<Volume> volume_;
  MendedFat mended_;
  std::vector<Node> damaged_;
  uint64_t done_bytes_ = 0, total_bytes_ = 0;
};

}  // namespace

std::vector<uint8_t> read_what_can_be(Volume& volume, const std::string& path, uint32_t size_bytes,
                                      uint32_t& lost_bytes) {
  std::vector<uint8_t> bytes;
  lost_bytes = 0;
  const Status status = read_file(volume, path, [&](std::span<const uint8_t> piece) {
    bytes.insert(bytes.end(), piece.begin(), piece.end());
    return bytes.size() < size_bytes;
  });
  if (status.ok() && bytes.size() >= size_bytes) return bytes;
  bytes.assign(size_bytes, 0);
  for (uint32_t at = 0; at < bytes.size(); at += kPieceBytes) {
    const auto piece = std::span(bytes).subspan(at, std::min<size_t>(kPieceBytes, bytes.size() - at));
    if (read_piece(volume, path, at, piece).ok()) continue;
    std::fill(piece.begin(), piece.end(), uint8_t{0});
    lost_bytes += static_cast<uint32_t>(piece.size());
  }
  return bytes;
}

std::string rescue(Image& image, const std::string& host_path, const OnProgress& on_progress,
                   Rescued& rescued) {
  std::error_code code;
  if (fs::exists(host_path) && !fs::is_empty(host_path, code)) {
    return host_path + ": is there and not empty; name another folder";
  }
  return Rescue(image, host_path, on_progress, rescued).run();
}

}  // namespace images
