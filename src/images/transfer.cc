#include "images/transfer.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include "chipmap/chip_map.h"
#include "images/output_file.h"
#include "images/walk.h"
#include "images/words.h"

namespace images {

namespace fs = std::filesystem;

namespace {

using flash::Status;
using volumes::Entry;
using volumes::OpenMode;
using volumes::Volume;

constexpr size_t kCopyBytes = 64 * 1024;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using HostFile = std::unique_ptr<std::FILE, CloseFile>;

uint64_t seconds_of(fs::file_time_type time) {
  const auto since_1970 = fs::file_time_type::clock::to_sys(time).time_since_epoch();
  return static_cast<uint64_t>(
      std::max<int64_t>(std::chrono::duration_cast<std::chrono::seconds>(since_1970).count(), 0));
}

std::string collect_below(const fs::path& path, const std::string& relative, unsigned depth,
                          std::vector<Source>& sources) {
  std::error_code code;
  const fs::file_status status = fs::status(path, code);
  if (!fs::exists(status)) return printable(path.string()) + ": " + code.message();
  Source source = {.path = path.string(), .relative = relative, .is_directory = fs::is_directory(status)};
  source.modified_s = seconds_of(fs::last_write_time(path, code));
  if (!source.is_directory) {
    if (!fs::is_regular_file(status)) return printable(path.string()) + ": neither a file nor a folder";
    source.size_bytes = fs::file_size(path, code);
    sources.push_back(std::move(source));
    return {};
  }
  if (depth > chipmap::kMaxFolderDepth) {  // no more is read of an image
    return printable(path.string()) + ": more than " + std::to_string(chipmap::kMaxFolderDepth) +
           " folders deep (a link into itself?)";
  }
  sources.push_back(std::move(source));
  std::vector<std::string> names;
  for (fs::directory_iterator it(path, code); !code && it != fs::directory_iterator(); it.increment(code)) {
    names.push_back(it->path().filename().string());
  }
  if (code) return printable(path.string()) + ": " + code.message();
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const std::string below = relative.empty() ? name : relative + "/" + name;
    if (std::string error = collect_below(path / name, below, depth + 1, sources); !error.empty()) {
      return error;
    }
  }
  return {};
}

// One file or folder on its way into a volume.
class CopyIn {
 public:
  CopyIn(const Destination& destination, const OnProgress& on_progress, uint64_t total_bytes)
      : destination_(destination), on_progress_(on_progress), total_bytes_(total_bytes) {}

  std::string copy(const Source& source) {
    const std::string target =
        source.relative.empty() ? destination_.path : join(destination_.path, source.relative);
    if (std::string error = check_name(source, target); !error.empty()) return error;
    volume().set_time(source.modified_s);
    if (source.is_directory) return make_directory(source, target);
    return copy_file(source, target);
  }

 private:
  Volume& volume() { return destination_.volume; }

  std::string fail(const Source& source, const std::string& why) {
    return printable(source.path) + ": " + why;
  }

  // What is there under another spelling (FAT: README, readme) is another file of the source's.
  std::string check_name(const Source& source, const std::string& target) {
    const std::string name = name_of(target);
    if (name.empty()) return {};  // the root
    if (!volume().accepts_name(name)) {
      return fail(source, destination_.filesystem +
                              " has no room for such a name (too long, or with a "
                              "character or an end that it does not take)");
    }
    Entry there;
    if (!volume().stat(target, there).ok()) return {};
    if (there.name != name) {
      return fail(source, "on " + destination_.filesystem + " this is the same name as " +
                              printable(there.name) + ", which is there already");
    }
    if (there.is_directory != source.is_directory) {
      return fail(source, std::string("in the image this is a ") + (there.is_directory ? "folder" : "file"));
    }
    return there.is_read_only ? fail(source, "in the image this is a read-only file") : std::string();
  }

  std::string make_directory(const Source& source, const std::string& target) {
    Entry there;
    if (volume().stat(target, there).ok()) return {};
    const Status status = volume().make_directory(target);
    return status.ok() ? std::string() : fail(source, why_not_written(status));
  }

  std::string copy_file(const Source& source, const std::string& target) {
    const HostFile host(std::fopen(source.path.c_str(), "rb"));
    if (!host) return fail(source, std::strerror(errno));
    std::unique_ptr<volumes::File> file;
    Status status = volume().open(target, OpenMode::kCreate, file);
    std::vector<uint8_t> piece(kCopyBytes);
    while (status.ok()) {
      on_progress_(done_bytes_, total_bytes_, source.relative.empty() ? name_of(target) : source.relative);
      const size_t size = std::fread(piece.data(), 1, piece.size(), host.get());
      if (std::ferror(host.get()) != 0) return fail(source, std::strerror(errno));
      if (size == 0) break;
      status = file->write(std::span(piece).first(size));
      done_bytes_ += size;
    }
    if (status.ok()) status = file->close();
    return status.ok() ? std::string() : fail(source, why_not_written(status));
  }

  // FAT says "denied" where a folder has no room for one more name, whether or not the volume has any: what
  // is read-only was looked for before.
  std::string why_not_written(Status status) {
    volumes::Space space;
    if ((status != volumes::kNoSpace && status != volumes::kDenied) || !volume().space(space).ok()) {
      return reason_of(status);
    }
    if (status == volumes::kDenied && space.free_blocks > 0) {
      return "no room left for names in the root folder of the FAT; put some of them into a folder";
    }
    return "no room left in the " + destination_.filesystem + " of " +
           human_size(uint64_t{space.total_blocks} * space.block_bytes) + " of " + destination_.place + " (" +
           human_size(total_bytes_) + " were to be copied; space is given out in blocks of " +
           human_size(space.block_bytes) + ")";
  }

  const Destination& destination_;
  const OnProgress& on_progress_;
  uint64_t total_bytes_;
  uint64_t done_bytes_ = 0;
};

// One file or folder on its way out of a volume.
std::string copy_file_out(Volume& volume, const std::string& path, const Entry& entry,
                          const std::string& host_path, const std::function<void(size_t)>& on_bytes) {
  OutputFile host;
  if (std::string error = host.open(host_path); !error.empty()) return error;
  std::string error;
  const Status status = read_file(volume, path, [&](std::span<const uint8_t> piece) {
    error = host.write(piece);
    on_bytes(piece.size());
    return error.empty();
  });
  if (!status.ok()) return printable(path) + ": " + reason_of(status);
  return error.empty() ? host.commit(entry.modified_s) : error;
}

// A damaged image may have any bytes for a name; no file may land outside the folder that was asked for.
bool is_host_name(const std::string& name) {
  return name != "." && name != ".." && name.find('\0') == name.npos;
}

}  // namespace

std::string collect(const std::string& path, std::vector<Source>& sources) {
  return collect_below(path, {}, 0, sources);
}

std::string copy_in(const std::vector<Source>& sources, const Destination& destination,
                    const OnProgress& on_progress) {
  uint64_t total_bytes = 0;
  for (const Source& source : sources) total_bytes += source.size_bytes;
  CopyIn copy(destination, on_progress, total_bytes);
  for (const Source& source : sources) {
    if (std::string error = copy.copy(source); !error.empty()) return error;
  }
  return {};
}

Status read_file(Volume& volume, const std::string& path,
                 const std::function<bool(std::span<const uint8_t>)>& take) {
  std::unique_ptr<volumes::File> file;
  FLASH_TRY(volume.open(path, OpenMode::kRead, file));
  std::vector<uint8_t> piece(kCopyBytes);
  while (true) {
    size_t done = 0;
    const Status status = file->read(piece, done);
    if (!status.ok()) return status;
    if (done == 0 || !take(std::span<const uint8_t>(piece).first(done))) return file->close();
  }
}

std::string copy_out(Volume& volume, const std::string& path, const std::string& host_path,
                     const OnProgress& on_progress) {
  Entry top;
  if (const Status status = volume.stat(path, top); !status.ok()) {
    return printable(path) + ": " + reason_of(status);
  }
  std::vector<Node> nodes = {{path, 0, true, top}};
  if (top.is_directory) {
    std::string failed;
    const Status status = walk(volume, path, nodes, [&](const Fault& fault) {
      failed = fault.path;
      return false;
    });
    if (!status.ok()) return printable(failed) + ": " + reason_of(status);
  }
  uint64_t total_bytes = 0, done_bytes = 0;
  for (const Node& node : nodes) total_bytes += node.entry.size_bytes;
  for (const Node& node : nodes) {
    const std::string relative = node.path.substr(std::min(path.size(), node.path.size()));
    const std::string target = relative.empty() ? host_path : host_path + "/" + relative;
    if (!relative.empty() && !is_host_name(name_of(node.path))) {
      return printable(node.path) + ": not a name that this computer can have; the image is damaged";
    }
    std::error_code code;
    std::string error;
    if (node.entry.is_directory) {
      fs::create_directories(target, code);
      if (code) error = printable(target) + ": " + code.message();
    } else {
      error = copy_file_out(volume, node.path, node.entry, target, [&](size_t bytes) {
        done_bytes += bytes;
        on_progress(done_bytes, total_bytes, node.path);
      });
    }
    if (!error.empty()) return error;
  }
  return {};
}

}  // namespace images
