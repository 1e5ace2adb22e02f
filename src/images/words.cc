#include "images/words.h"

#include <array>
#include <cstdio>
#include <cstring>

#include "chipmap/chip_map.h"
#include "volumes/volume.h"

namespace images {

std::string reason_of(flash::Status status) {
  using namespace volumes;
  struct Reason {
    flash::Status status;
    const char* text;
  };
  static const std::array kReasons = {
      Reason{kNotFound, "it is not there"},
      Reason{kExists, "it is there already"},
      Reason{kDenied, "refused, by a read-only file, a folder that is not empty, or no room for a name"},
      Reason{kNoFilesystem, "no filesystem"},
      Reason{kNotDirectory, "it is no folder"},
      Reason{kIsDirectory, "it is a folder"},
      Reason{kNoSpace, "no room left"},
      Reason{kReadOnly, "it is read-only"},
      Reason{kNameTooLong, "the name is too long"},
      Reason{kNotEmpty, "the folder is not empty"},
      Reason{kLoop, "damaged, it lies in itself"},
      Reason{kTooDeep, chipmap::kLiesTooDeep},
      Reason{kNotUnique, "damaged, another entry has this name"},
      Reason{kCorrupt, "damaged"},
      Reason{flash::Error::kInvalid, "not a name or number that it takes"},
      Reason{flash::Error::kIo, "it cannot be read or written"},
  };
  for (const Reason& reason : kReasons) {
    if (reason.status == status) return reason.text;
  }
  return std::strerror(-status.value());
}

std::string shell_quoted(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_";
  if (!word.empty() && word.find_first_not_of(kPlain) == word.npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string human_size(uint64_t bytes) {
  constexpr uint64_t kKib = 1024, kMib = 1024 * kKib;
  std::array<char, 32> text;
  if (bytes < kKib) {
    std::snprintf(text.data(), text.size(), "%u byte%s", static_cast<unsigned>(bytes), bytes == 1 ? "" : "s");
  } else {
    const bool is_small = bytes < kMib;
    const double value = static_cast<double>(bytes) / static_cast<double>(is_small ? kKib : kMib);
    std::snprintf(text.data(), text.size(),
                  value < 10 && value != static_cast<double>(static_cast<int>(value)) ? "%.1f %s" : "%.0f %s",
                  value, is_small ? "KiB" : "MiB");
  }
  return text.data();
}

std::string counted(size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

}  // namespace images
