// A filesystem on a block device: the FatFs and the littlefs of MicroPython's source, with the parameters
// and the answers that `vfs.VfsFat` and `vfs.VfsLfs2` have on the camera. Nothing here ends the program:
// every call returns success or the negative errno that the camera's script would see.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flash/status.h"
#include "volumes/block_device.h"

namespace volumes {

// Errors of filesystems, beside those of the flash.
inline constexpr flash::Error kNotFound{2};
inline constexpr flash::Error kDenied{13};  // FAT: read-only, a folder that is not empty, no room in a folder
inline constexpr flash::Error kExists{17};
inline constexpr flash::Error kNoFilesystem{19};
inline constexpr flash::Error kNotDirectory{20};
inline constexpr flash::Error kIsDirectory{21};
inline constexpr flash::Error kNoSpace{28};
inline constexpr flash::Error kReadOnly{30};
inline constexpr flash::Error kNameTooLong{36};
inline constexpr flash::Error kNotEmpty{39};
inline constexpr flash::Error kLoop{40};       // a folder that lies in itself
inline constexpr flash::Error kTooDeep{75};    // a folder in more folders than are looked at
inline constexpr flash::Error kNotUnique{76};  // a name that leads to another entry of its folder
inline constexpr flash::Error kCorrupt{84};

enum class OpenMode {
  kRead,
  kCreate,     // Python's "wb": made, or emptied
  kCreateNew,  // "xb": kExists if it is there
  kAppend,     // "ab"
  kUpdate,     // "r+b": must be there; reads and writes
};

struct Entry {
  std::string name;  // without its path
  bool is_directory = false;
  bool is_read_only = false;  // FAT knows it
  uint32_t size_bytes = 0;
  uint64_t modified_s = 0;  // since 1970; 0: not known
};

struct Space {
  uint32_t block_bytes = 0;
  uint32_t total_blocks = 0;
  uint32_t free_blocks = 0;
};

// An open file. One that is destroyed without close() is left as the flash has it, as when the power fails.
class File {
 public:
  virtual ~File() = default;

  // `done` is less than asked for at the end of the file.
  virtual flash::Status read(std::span<uint8_t> out, size_t& done) = 0;
  virtual flash::Status write(std::span<const uint8_t> data) = 0;  // kNoSpace: part of it may be written
  virtual flash::Status seek(uint32_t offset) = 0;                 // of the file's start
  virtual uint32_t size_bytes() = 0;
  virtual uint32_t first_cluster() const { return 0; }  // of a FAT; 0: it has none

  // What was written is in the flash, and in the directory.
  virtual flash::Status sync() = 0;
  virtual flash::Status close() = 0;
};

// Paths are "/folder/name". The device and its volume outlive open files.
class Volume {
 public:
  virtual ~Volume() = default;

  // Of a volume that is not mounted.
  virtual flash::Status format() = 0;
  virtual flash::Status mount() = 0;

  // Open files are as if the power had failed. Does not touch the device.
  virtual void unmount() = 0;

  virtual flash::Status open(const std::string& path, OpenMode mode, std::unique_ptr<File>& file) = 0;

  // What was found before an error is in `entries`.
  virtual flash::Status list(const std::string& path, std::vector<Entry>& entries) = 0;
  virtual flash::Status stat(const std::string& path, Entry& entry) = 0;

  // The block or cluster where a folder begins: two folders that begin in one place are one.
  virtual flash::Status place_of_folder(const std::string& path, uint32_t& place) = 0;
  virtual flash::Status make_directory(const std::string& path) = 0;
  virtual flash::Status remove(const std::string& path) = 0;  // a file, or an empty directory
  virtual flash::Status rename(const std::string& from, const std::string& to) = 0;
  virtual flash::Status space(Space& space) = 0;

  // Is a file called so found again under the same name?
  virtual bool accepts_name(std::string_view name) const = 0;

  // Do names that differ in case only lead to one entry? On FAT, the case is that of code page 437, whatever
  // characters the bytes stand for; stat() tells the name that the entry has.
  virtual bool ignores_case() const = 0;

  // What is written from now on is of this time. At first it is that of a clock that was never set.
  void set_time(uint64_t seconds_since_1970) { now_s_ = seconds_since_1970; }

 protected:
  static constexpr uint64_t kFirstSecondOf2000 = 946'684'800;
  uint64_t now_s_ = kFirstSecondOf2000;
};

// The device outlives its volume. `label`: of a FAT, at most 11 characters; empty: none.
std::unique_ptr<Volume> make_fat(BlockDevice& device, std::string_view label = {});
std::unique_ptr<Volume> make_littlefs(BlockDevice& device);
std::string littlefs_version();                               // of the library compiled in, as "2.8"
std::unique_ptr<Volume> make_littlefs1(BlockDevice& device);  // v1, read only: all else is kReadOnly

}  // namespace volumes
