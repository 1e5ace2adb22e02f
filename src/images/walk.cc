#include "images/walk.h"

#include <algorithm>

#include "chipmap/chip_map.h"
#include "images/words.h"

namespace images {

namespace {

using flash::Status;
using volumes::Entry;
using volumes::Volume;

// More than any camera makes: folders that share what is in them, as damage can make them, multiply.
constexpr size_t kMaxNodes = 100'000;

class Walk {
 public:
  Walk(Volume& volume, std::vector<Node>& nodes, const OnFault& on_fault)
      : volume_(volume), nodes_(nodes), on_fault_(on_fault) {}

  Status go_through(const std::string& folder) {
    std::vector<Entry> entries;
    uint32_t place = 0;
    if (const Status status = list(folder, place, entries); !status.ok()) {
      FLASH_TRY(report({folder, status}));
    }
    std::stable_sort(entries.begin(), entries.end(),
                     [](const Entry& a, const Entry& b) { return a.name < b.name; });
    above_.push_back(place);
    for (size_t i = 0; i < entries.size(); ++i) {
      const bool is_taken = i > 0 && entries[i].name == entries[i - 1].name;
      const Status status = is_taken ? Status(volumes::kNotUnique) : check_name(folder, entries[i]);
      FLASH_TRY(status.ok() ? add(folder, entries[i], i + 1 == entries.size())
                            : report({join(folder, entries[i].name), status, !entries[i].is_directory}));
    }
    above_.pop_back();
    return {};
  }

 private:
  Status report(const Fault& fault) { return on_fault_(fault) ? Status{} : fault.status; }

  // What was found before an error is in `entries`.
  Status list(const std::string& folder, uint32_t& place, std::vector<Entry>& entries) {
    if (above_.size() > chipmap::kMaxFolderDepth) return volumes::kTooDeep;
    if (nodes_.size() > kMaxNodes) return volumes::kCorrupt;
    FLASH_TRY(volume_.place_of_folder(folder, place));
    if (std::find(above_.begin(), above_.end(), place) != above_.end()) return volumes::kLoop;
    return volume_.list(folder, entries);
  }

  // Of two names that differ in case only, one leads to the other's entry.
  Status check_name(const std::string& folder, const Entry& entry) {
    if (entry.name.empty() || entry.name.find('/') != entry.name.npos) return volumes::kCorrupt;
    if (!volume_.ignores_case()) return {};
    Entry found;
    const bool is_found = volume_.stat(join(folder, entry.name), found).ok();
    return is_found && found.name != entry.name ? Status(volumes::kNotUnique) : Status{};
  }

  Status add(const std::string& folder, const Entry& entry, bool is_last) {
    const std::string path = join(folder, entry.name);
    nodes_.push_back({path, static_cast<unsigned>(above_.size() - 1), is_last, entry});
    return entry.is_directory ? go_through(path) : Status{};
  }

  Volume& volume_;
  std::vector<Node>& nodes_;
  const OnFault& on_fault_;
  std::vector<uint32_t> above_;  // where the folders begin that lead here
};

}  // namespace

Status walk(Volume& volume, const std::string& path, std::vector<Node>& nodes, const OnFault& on_fault) {
  return Walk(volume, nodes, on_fault).go_through(path);
}

std::string join(const std::string& folder, const std::string& name) {
  return folder.empty() || folder.back() == '/' ? folder + name : folder + "/" + name;
}

std::string parent_of(const std::string& path) {
  const size_t at = path.rfind('/');
  return at == path.npos || at == 0 ? "/" : path.substr(0, at);
}

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace images
