// What can be found in a storage. A kind of content is one line in a list, and everything that looks at
// images asks the list.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "boards/board.h"
#include "volumes/block_device.h"
#include "volumes/volume.h"

namespace images {

// Where in the storage a device begins.
struct Place {
  uint32_t start = 0;
  bool follows_volume = true;  // another volume ends there, or the storage begins
};

struct Filesystem {
  std::string_view name;    // "littlefs v2"
  std::string_view option;  // of `image create --fs`; empty: it is not made here
  // The bytes it takes from the device's start, by its own account; nothing if it is not there. No read
  // error is a reason to guess.
  std::optional<uint64_t> (*size_in)(volumes::BlockDevice& device, const Place& place);
  std::unique_ptr<volumes::Volume> (*make)(volumes::BlockDevice& device, const boards::Board& board);
};

std::span<const Filesystem> filesystems();
const Filesystem* filesystem_of_option(std::string_view option);  // null: there is none

// Of a FAT that has a boot sector: does a table begin where that says? FatFs does not ask.
bool has_allocation_table(volumes::BlockDevice& device);

// Of a littlefs: is its first block of something else? A raw block before a littlefs can look so.
bool has_foreign_first_block(volumes::BlockDevice& device);

struct Content {
  const Filesystem* filesystem = nullptr;  // null: no filesystem of ours
  const Filesystem* remains = nullptr;     // then: what it looks like the remains of, if anything
  uint64_t size_bytes = 0;                 // of the filesystem
  bool is_blank = false;
  std::string description;  // "littlefs v2", "a blank storage", "unknown data, no filesystem"
};

// What cannot be read counts as neither blank nor anything else.
Content look_at(volumes::BlockDevice& device, const Place& place);

// A filesystem whose beginning is damaged, by signs that the bytes of a script's own do not show by chance.
// Null: there are none, which does not say that there is nothing left.
const Filesystem* sure_remains(volumes::BlockDevice& device);

}  // namespace images
