#include "images/rescue.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "images/mend.h"
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

// A name that this computer can have, and that stays in its folder.
std::string host_name(std::string name) {
  std::replace(name.begin(), name.end(), '/', '_');
  std::replace(name.begin(), name.end(), '\0', '_');
  return name == "." || name == ".." ? "_" : name;
}

class Rescue {
 public:
  Rescue(Image& image, std::string host_path, const OnProgress& on_progress, Rescued& rescued)
      : image_(image), host_path_(std::move(host_path)), on_progress_(on_progress), rescued_(rescued) {}

  std::string run() {
    if (std::string error = mount(); !error.empty()) return error;
    std::vector<Node> nodes;
    walk(volume(), "/", nodes, [&](const Fault& fault) {
      rescued_.remarks.push_back(printable(fault.path) + ": " + reason_of(fault.status) +
                                 (fault.is_file ? "; it is lost" : "; what else is in it is lost"));
      rescued_.lost_files += fault.is_file ? 1 : 0;
      return true;
    }).ignore();
    for (const Node& node : nodes) total_bytes_ += node.entry.size_bytes;
    for (const Node& node : nodes) {
      if (std::string error = save(node); !error.empty()) return error;
    }
    return save_guesses();
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
    if (!status.ok() && is_fat()) {
      status = restore_fat_boot_sector(image_.device(), image_.board());
      if (status.ok()) status = volume_->mount();
      if (status.ok())
        rescued_.remarks.push_back("the boot sector is damaged; the camera's usual one was taken");
    } else if (!status.ok() && filesystem_ == filesystem_of_option("littlefs")) {
      size_t lost = 0;
      status = mount_without_damaged_folders(image_.device(), image_.board(), volume_, lost);
      if (lost != 0) {
        rescued_.remarks.push_back(std::to_string(lost) +
                                   " folders are damaged; they come out empty, or without their rest");
      }
    }
    if (status.ok()) return {};
    return "nothing can be saved: the " + std::string(filesystem_->name) + " is damaged at its root (" +
           reason_of(status) + ")";
  }

  std::string host_path_of(const std::string& path) const {
    fs::path host = host_path_;
    for (const fs::path& part : fs::path(path).relative_path()) host /= host_name(part.string());
    return host.string();
  }

  std::string save(const Node& node) {
    std::error_code code;
    if (node.entry.is_directory) {
      ++rescued_.folders;
      fs::create_directories(host_path_of(node.path), code);
      return code ? host_path_of(node.path) + ": " + code.message() : std::string();
    }
    if (node.entry.size_bytes > image_.device().size_bytes()) {
      ++rescued_.lost_files;
      rescued_.remarks.push_back(printable(node.path) + ": lost; it claims to be larger than the storage");
      return {};
    }
    on_progress_(done_bytes_, total_bytes_, node.path);
    uint32_t lost_bytes = 0;
    const auto bytes = read_what_can_be(volume(), node.path, node.entry.size_bytes, lost_bytes);
    done_bytes_ += node.entry.size_bytes;
    if (lost_bytes == 0) {
      ++rescued_.whole_files;
      return write(host_path_of(node.path), bytes);
    }
    if (is_fat()) {
      guesses_.push_back(node);
      return {};
    }
    return save_damaged(node, bytes, lost_bytes);
  }

  std::string save_damaged(const Node& node, std::span<const uint8_t> bytes, uint32_t lost_bytes) {
    const std::string name = printable(node.path);
    if (lost_bytes == bytes.size()) {
      ++rescued_.lost_files;
      rescued_.remarks.push_back(name + ": lost");
      return {};
    }
    ++rescued_.damaged_files;
    rescued_.remarks.push_back(name + ": " + std::to_string(lost_bytes) + " of " +
                               std::to_string(bytes.size()) + " bytes are lost, and zeros in their place");
    return write(host_path_of(node.path) + ".damaged", bytes);
  }

  // Files whose clusters cannot be found: they go on with the next one, as files mostly do.
  std::string save_guesses() {
    if (guesses_.empty()) return {};
    const bool is_bridged = bridge_fat_table(image_.device()).ok() && volume().mount().ok();
    for (const Node& node : guesses_) {
      uint32_t lost_bytes = 0;
      const auto bytes = read_what_can_be(volume(), node.path, node.entry.size_bytes, lost_bytes);
      std::string error;
      if (lost_bytes != 0 || !is_bridged) {
        error = save_damaged(node, bytes, lost_bytes);
      } else {
        ++rescued_.damaged_files;
        rescued_.remarks.push_back(printable(node.path) + ": its clusters are lost; taken as lying in a row");
        error = write(host_path_of(node.path) + ".damaged", bytes);
      }
      if (!error.empty()) return error;
    }
    return {};
  }

  static std::string write(const std::string& path, std::span<const uint8_t> bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    file.close();
    return file ? std::string() : printable(path) + ": cannot be written";
  }

  Image& image_;
  const std::string host_path_;
  const OnProgress& on_progress_;
  Rescued& rescued_;
  const Filesystem* filesystem_ = nullptr;
  std::unique_ptr<Volume> volume_;
  std::vector<Node> guesses_;
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
  fs::create_directories(host_path, code);
  if (code) return host_path + ": " + code.message();
  return Rescue(image, host_path, on_progress, rescued).run();
}

}  // namespace images
