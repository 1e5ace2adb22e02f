#include "sim/image.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "sim/check.h"
#include "sim/same_file.h"

namespace sim {

namespace {

// The sidecar: this header, a wear counter a sector, a bit a word with ECC.
struct WearHeader {
  std::array<char, 8> magic;
  uint32_t version;
  uint32_t size_bytes;
  uint32_t sector_count;
  uint32_t broken_words_bytes;
};
constexpr std::array<char, 8> kMagic = {'F', 'L', 'W', 'E', 'A', 'R', '\r', '\n'};
constexpr uint32_t kVersion = 1;

struct Layout {
  uint32_t size_bytes = 0;
  uint32_t sector_count = 0;
  uint32_t broken_words_bytes = 0;

  size_t sidecar_bytes() const {
    return sizeof(WearHeader) + sector_count * sizeof(uint32_t) + broken_words_bytes;
  }
};

Layout layout_of(const CellPhysics& physics) {
  Layout layout;
  for (const SectorRun& run : physics.sectors) {
    layout.size_bytes += run.sector_size_bytes * run.sector_count;
    layout.sector_count += run.sector_count;
  }
  if (physics.ecc) layout.broken_words_bytes = (layout.size_bytes / physics.word_bytes + 7) / 8;
  return layout;
}

// Memory that reads as erased and takes no room where it was never written: all of it is one small file,
// mapped over and over, whose pages are copied when they change. A blank 32 MiB chip is there at once, and
// a fork() has little to copy.
class BlankMemory {
 public:
  explicit BlankMemory(size_t size) : size_(size) {
    const int file = erased_file();
    const size_t mapped_size = (size + kFileBytes - 1) / kFileBytes * kFileBytes;
    void* base = mmap(nullptr, mapped_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    SIM_CHECK(base != MAP_FAILED, "no memory for the flash");
    data_ = static_cast<uint8_t*>(base);
    for (size_t at = 0; at < mapped_size; at += kFileBytes) {
      const void* piece = mmap(data_ + at, kFileBytes, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, file, 0);
      SIM_CHECK(piece != MAP_FAILED, "no memory for the flash");
    }
  }
  BlankMemory(const BlankMemory&) = delete;
  BlankMemory& operator=(const BlankMemory&) = delete;
  ~BlankMemory() { munmap(data_, (size_ + kFileBytes - 1) / kFileBytes * kFileBytes); }

  std::span<uint8_t> bytes() { return {data_, size_}; }

 private:
  static constexpr size_t kFileBytes = size_t{1} << 20;

  static int erased_file() {
    static const int file = [] {
      const std::vector<uint8_t> erased(kFileBytes, 0xFF);
      const int fd = memfd_create("erased flash", MFD_CLOEXEC);
      SIM_CHECK(fd >= 0 && write(fd, erased.data(), erased.size()) == static_cast<ssize_t>(erased.size()),
                "no memory for the flash");
      return fd;
    }();
    return file;
  }

  uint8_t* data_ = nullptr;
  size_t size_;
};

class RamImage final : public Image {
 public:
  explicit RamImage(const Layout& layout)
      : memory_of_flash_(layout.size_bytes),
        wear_(layout.sector_count),
        broken_words_(layout.broken_words_bytes) {
    memory_.bytes = memory_of_flash_.bytes();
    memory_.wear = wear_;
    memory_.broken_words = broken_words_;
  }

 private:
  BlankMemory memory_of_flash_;
  std::vector<uint32_t> wear_;
  std::vector<uint8_t> broken_words_;
};

// A file mapped into memory; closed and unmapped with the object. Errors are one line, or empty.
class MappedFile {
 public:
  MappedFile() = default;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() {
    if (data_ != nullptr) munmap(data_, size_);
    if (fd_ >= 0) close(fd_);
  }

  std::string open(const std::string& path, ImageUse use) {
    path_ = path;
    keeps_ = use == ImageUse::kKeep;
    made_ = keeps_ && access(path.c_str(), F_OK) != 0;
    const int mode = (keeps_ ? O_RDWR | O_CREAT : O_RDONLY) | O_NONBLOCK | O_CLOEXEC;  // a pipe would wait
    fd_ = ::open(path.c_str(), mode, 0666);
    if (fd_ < 0) {
      const int error = errno;
      const bool is_read_only = (error == EACCES || error == EROFS) && access(path.c_str(), R_OK) == 0;
      return path + ": " + std::strerror(error) +
             (is_read_only ? "; what the camera writes is kept there, so use a file that you may write" : "");
    }
    struct stat info;
    if (fstat(fd_, &info) != 0) return path + ": " + std::strerror(errno);
    if (!S_ISREG(info.st_mode)) return path + ": no regular file, and an image is one";
    if (flock(fd_, (keeps_ ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
      return path + ": in use by another program; close that one first";
    }
    // What is written to a file without a name is lost.
    if (keeps_ && !is_there(info)) return path + ": another program has just replaced it; try again";
    size_ = static_cast<size_t>(info.st_size);
    is_new_ = keeps_ && size_ == 0;
    return {};
  }

  // Empty or missing before; map() fills it.
  bool is_new() const { return is_new_; }
  size_t size_bytes() const { return size_; }
  uint8_t* data() { return data_; }

  // A file that is not new has this size.
  std::string map(size_t size, uint8_t fill_with) {
    if (is_new_) {
      if (std::string error = fill(size, fill_with); !error.empty()) return path_ + ": " + error;
    } else if (keeps_) {
      if (std::string error = fill_holes(); !error.empty()) return path_ + ": " + error;
    }
    const bool is_copied = !keeps_ && has_holes();
    const int sharing = keeps_ ? MAP_SHARED : MAP_PRIVATE | (is_copied ? MAP_ANONYMOUS : 0);
    void* mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, sharing, is_copied ? -1 : fd_, 0);
    if (mapped == MAP_FAILED) return path_ + ": " + std::strerror(errno);
    data_ = static_cast<uint8_t*>(mapped);
    size_ = size;
    return is_copied ? copy_content() : "";
  }

  // Nothing stays of a new file.
  void take_back() {
    if (is_new_ && ftruncate(fd_, 0) == 0 && made_) unlink(path_.c_str());
  }

 private:
  bool is_there(const struct stat& opened) const {
    struct stat there;
    return stat(path_.c_str(), &there) == 0 && is_same_file(there, opened);
  }

  // Written before it is mapped: a full disk is an error here and no signal later, and a program killed
  // on the way leaves a file that is too short, not one of the right size with wrong bytes.
  std::string fill(size_t size, uint8_t value) {
    const std::vector<uint8_t> chunk(std::min<size_t>(size, 65536), value);
    for (size_t done = 0; done < size;) {
      const ssize_t written = write(fd_, chunk.data(), std::min(chunk.size(), size - done));
      if (written < 0) return std::strerror(errno);
      done += static_cast<size_t>(written);
    }
    return {};
  }

  bool has_holes() const {
    struct stat info;
    return fstat(fd_, &info) == 0 && static_cast<size_t>(info.st_blocks) * kBytesOfBlock < size_;
  }

  // On a tmpfs even who only looks at a mapped hole fills it, and gets SIGBUS where there is no room.
  std::string copy_content() {
    for (size_t done = 0; done < size_;) {
      const ssize_t got = pread(fd_, data_ + done, size_ - done, static_cast<off_t>(done));
      if (got <= 0) return path_ + ": " + std::strerror(got < 0 ? errno : EIO);
      done += static_cast<size_t>(got);
    }
    return {};
  }

  // For the same reason as fill(), of a file that some program has left sparse.
  std::string fill_holes() {
    if (!has_holes()) return {};
    const int error = posix_fallocate(fd_, 0, static_cast<off_t>(size_));
    return error == 0 ? "" : std::string(std::strerror(error)) + " for the holes that the file has";
  }

  static constexpr size_t kBytesOfBlock = 512;  // stat(2), whatever those of the disk are

  std::string path_;
  int fd_ = -1;
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  bool keeps_ = false;
  bool made_ = false;
  bool is_new_ = false;
};

class FileImage final : public Image {
 public:
  std::string open(const std::string& path, const Layout& layout, ImageUse use) {
    std::string error = open_dump(path, layout, use);
    if (error.empty() && (use == ImageUse::kKeep || access(sidecar_of(path).c_str(), F_OK) == 0)) {
      error = open_sidecar(sidecar_of(path), layout, use);
    }
    if (!error.empty()) {
      sidecar_.take_back();
      dump_.take_back();
    }
    return error;
  }

 private:
  static std::string sidecar_of(const std::string& path) { return path + ".wear"; }

  std::string open_dump(const std::string& path, const Layout& layout, ImageUse use) {
    if (std::string error = dump_.open(path, use); !error.empty()) return error;
    if (!dump_.is_new() && dump_.size_bytes() != layout.size_bytes) {
      return path + ": holds " + std::to_string(dump_.size_bytes()) + " bytes, but this board's flash has " +
             std::to_string(layout.size_bytes) + "; name the board it was made for, or another file";
    }
    if (std::string error = dump_.map(layout.size_bytes, 0xFF); !error.empty()) return error;
    memory_.bytes = {dump_.data(), layout.size_bytes};
    return {};
  }

  std::string open_sidecar(const std::string& path, const Layout& layout, ImageUse use) {
    constexpr const char* kWhatItIs = " (the image's wear counters are kept there)";
    if (std::string error = sidecar_.open(path, use); !error.empty()) return error + kWhatItIs;
    const std::string is_another =
        path + ": not the wear counters of this board's flash; delete it to start them anew";
    if (!sidecar_.is_new() && sidecar_.size_bytes() != layout.sidecar_bytes()) return is_another;
    if (std::string error = sidecar_.map(layout.sidecar_bytes(), 0); !error.empty()) return error + kWhatItIs;
    const WearHeader expected = {kMagic, kVersion, layout.size_bytes, layout.sector_count,
                                 layout.broken_words_bytes};
    if (sidecar_.is_new()) std::memcpy(sidecar_.data(), &expected, sizeof expected);
    if (std::memcmp(sidecar_.data(), &expected, sizeof expected) != 0) return is_another;
    uint8_t* counters = sidecar_.data() + sizeof(WearHeader);
    // Left behind by an image that was deleted: a blank chip has neither wear nor broken words.
    if (dump_.is_new()) std::memset(counters, 0, layout.sidecar_bytes() - sizeof(WearHeader));
    memory_.wear = {reinterpret_cast<uint32_t*>(counters), layout.sector_count};
    memory_.broken_words = {counters + layout.sector_count * sizeof(uint32_t), layout.broken_words_bytes};
    return {};
  }

  MappedFile dump_;
  MappedFile sidecar_;
};

}  // namespace

std::variant<std::unique_ptr<Image>, std::string> Image::open(const std::string& path,
                                                              const CellPhysics& physics, ImageUse use) {
  const Layout layout = layout_of(physics);
  if (path.empty()) return std::make_unique<RamImage>(layout);
  auto image = std::make_unique<FileImage>();
  if (std::string error = image->open(path, layout, use); !error.empty()) return error;
  return image;
}

}  // namespace sim
