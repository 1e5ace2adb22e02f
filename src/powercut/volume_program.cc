#include "powercut/volume_program.h"

#include <algorithm>

namespace powercut {

namespace {

using flash::Status;
using volumes::OpenMode;
using volumes::Volume;
using Kind = Step::Kind;

constexpr const char* kLogPath = "/log";

std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

class Author {
 public:
  Author(const VolumeLoad& load, uint32_t seed) : load_(load), noise_(seed) {
    tree_.folders[""] = 0;
    step_.kind = Kind::kFolder;
  }

  std::vector<Step> write() {
    std::vector<Step> steps;
    while (steps.size() < load_.steps) {
      step_ = {kind(), "", "", 0, {}};
      if (!fill_in() || size_after() > load_.most_bytes) continue;
      apply(step_, tree_);
      steps.push_back(step_);
    }
    return steps;
  }

 private:
  uint32_t below(size_t bound) { return static_cast<uint32_t>(noise_.below(bound)); }

  Kind kind() {
    constexpr Kind kKinds[] = {Kind::kLog,    Kind::kLog,     Kind::kLog,     Kind::kAppend,
                               Kind::kAppend, Kind::kRewrite, Kind::kRewrite, Kind::kRewrite,
                               Kind::kUpdate, Kind::kRemove,  Kind::kRename,  Kind::kFolder};
    return below(40) == 0 ? Kind::kPowerOff : kKinds[below(std::size(kKinds))];
  }

  // False if the tree has nothing for a step of this kind.
  bool fill_in() {
    switch (step_.kind) {
      case Kind::kLog:
        step_.path = kLogPath;
        step_.data = bytes(load_.most_file_bytes / 8);
        return true;
      case Kind::kAppend:
      case Kind::kRewrite:
        step_.path = below(2) == 0 ? any_file() : new_path("f");
        step_.data = bytes(below(4) == 0 ? load_.most_file_bytes : load_.most_file_bytes / 8);
        return !step_.path.empty();
      case Kind::kUpdate:
        step_.path = any_file();
        return !step_.path.empty() && choose_update();
      case Kind::kRemove:
        step_.path = below(3) == 0 ? empty_folder() : any_file();
        return !step_.path.empty();
      case Kind::kRename:
        step_.path = any_file();
        step_.to = below(3) == 0 ? any_file() : new_path("f");
        return !step_.path.empty() && !step_.to.empty() && step_.path != step_.to;
      case Kind::kFolder:
        step_.path = new_path("d");
        return tree_.folders.size() < 4;
      case Kind::kPowerOff:
        return true;
    }
    return false;
  }

  bool choose_update() {
    const size_t size = tree_.files[step_.path].size();
    if (size == 0) return false;
    step_.offset = below(size);
    step_.data = bytes(static_cast<uint32_t>(size - step_.offset));
    return true;
  }

  std::vector<uint8_t> bytes(uint32_t most) {
    std::vector<uint8_t> data(1 + below(most));
    for (uint8_t& byte : data) byte = static_cast<uint8_t>(noise_.next());
    return data;
  }

  // Of those that no open file is.
  std::string any_file() {
    std::vector<std::string> paths;
    for (const auto& [path, content] : tree_.files) {
      if (path != kLogPath) paths.push_back(path);
    }
    return paths.empty() ? "" : paths[below(paths.size())];
  }

  std::string empty_folder() {
    for (const auto& [path, entries] : tree_.folders) {
      if (entries == 0 && !path.empty()) return path;
    }
    return "";
  }

  std::string new_path(const char* prefix) {
    auto folder = tree_.folders.begin();
    std::advance(folder, below(tree_.folders.size()));
    return folder->first + "/" + prefix + std::to_string(made_++);
  }

  uint32_t size_after() {
    Tree after = tree_;
    apply(step_, after);
    size_t size = 0;
    for (const auto& [path, content] : after.files) size += content.size();
    return static_cast<uint32_t>(size);
  }

  VolumeLoad load_;
  sim::Noise noise_;
  Tree tree_;
  Step step_ = {};
  unsigned made_ = 0;
};

void add_file(Tree& tree, const std::string& path) {
  if (tree.files.try_emplace(path).second) ++tree.folders[folder_of(path)];
}

void remove_entry(Tree& tree, const std::string& path) {
  if (tree.files.erase(path) + tree.folders.erase(path) > 0) --tree.folders[folder_of(path)];
}

}  // namespace

std::string to_string(const Step& step) {
  static constexpr const char* kNames[] = {"log",    "append", "rewrite", "update",
                                           "remove", "rename", "mkdir",   "power off"};
  std::string text = kNames[static_cast<int>(step.kind)];
  if (!step.path.empty()) text += " " + step.path;
  if (!step.to.empty()) text += " to " + step.to;
  if (!step.data.empty()) text += ", " + std::to_string(step.data.size()) + " bytes";
  return text;
}

std::vector<Step> make_program(const VolumeLoad& load, uint32_t seed) {
  return Author(load, seed).write();
}

void apply(const Step& step, Tree& tree) {
  switch (step.kind) {
    case Kind::kLog:
    case Kind::kAppend: {
      add_file(tree, step.path);
      std::vector<uint8_t>& content = tree.files[step.path];
      content.insert(content.end(), step.data.begin(), step.data.end());
      return;
    }
    case Kind::kRewrite:
      add_file(tree, step.path);
      tree.files[step.path] = step.data;
      return;
    case Kind::kUpdate:
      std::ranges::copy(step.data, tree.files[step.path].begin() + step.offset);
      return;
    case Kind::kRemove:
      return remove_entry(tree, step.path);
    case Kind::kRename: {
      std::vector<uint8_t> content = tree.files[step.path];
      remove_entry(tree, step.path);
      add_file(tree, step.to);
      tree.files[step.to] = std::move(content);
      return;
    }
    case Kind::kFolder:
      tree.folders[step.path] = 0;
      ++tree.folders[folder_of(step.path)];
      return;
    case Kind::kPowerOff:
      return;
  }
}

Status VolumeUser::perform(const Step& step) {
  switch (step.kind) {
    case Kind::kLog:
      if (log_ == nullptr) FLASH_TRY(volume_.open(step.path, OpenMode::kAppend, log_));
      FLASH_TRY(log_->write(step.data));
      return log_->sync();
    case Kind::kAppend:
      return write_file(step, OpenMode::kAppend);
    case Kind::kRewrite:
      return write_file(step, OpenMode::kCreate);
    case Kind::kUpdate:
      return write_file(step, OpenMode::kUpdate);
    case Kind::kRemove:
      return volume_.remove(step.path);
    case Kind::kRename:
      return volume_.rename(step.path, step.to);
    case Kind::kFolder:
      return volume_.make_directory(step.path);
    case Kind::kPowerOff:
      return {};
  }
  return {};
}

Status VolumeUser::write_file(const Step& step, OpenMode mode) {
  std::unique_ptr<volumes::File> file;
  FLASH_TRY(volume_.open(step.path, mode, file));
  if (mode == OpenMode::kUpdate) FLASH_TRY(file->seek(step.offset));
  FLASH_TRY(file->write(step.data));
  return file->close();
}

namespace {

Status read_file(Volume& volume, const std::string& path, uint32_t most_bytes,
                 std::vector<uint8_t>& content) {
  std::unique_ptr<volumes::File> file;
  FLASH_TRY(volume.open(path, OpenMode::kRead, file));
  if (file->size_bytes() > most_bytes) return volumes::kCorrupt;
  content.resize(file->size_bytes());
  size_t done = 0;
  FLASH_TRY(file->read(content, done));
  if (done != content.size()) return volumes::kCorrupt;
  return file->close();
}

Status read_folder(Volume& volume, const std::string& folder, uint32_t most_bytes, Tree& tree,
                   std::vector<std::string>& folders) {
  std::vector<volumes::Entry> entries;
  FLASH_TRY(volume.list(folder.empty() ? "/" : folder, entries));
  tree.folders[folder] = static_cast<int>(entries.size());
  for (const volumes::Entry& entry : entries) {
    const std::string path = folder + "/" + entry.name;
    if (entry.is_directory) {
      folders.push_back(path);
    } else if (std::vector<uint8_t> content; read_file(volume, path, most_bytes, content).ok()) {
      tree.files[path] = std::move(content);
    } else {
      tree.unreadable.insert(path);
    }
  }
  return {};
}

}  // namespace

Status read_tree(Volume& volume, uint32_t most_bytes, Tree& tree) {
  constexpr size_t kMostFolders = 64;
  std::vector<std::string> folders;
  FLASH_TRY(read_folder(volume, "", most_bytes, tree, folders));
  while (!folders.empty()) {
    const std::string folder = std::move(folders.back());
    folders.pop_back();
    if (tree.folders.size() + tree.unreadable.size() > kMostFolders) return volumes::kCorrupt;
    if (!read_folder(volume, folder, most_bytes, tree, folders).ok()) tree.unreadable.insert(folder);
  }
  return {};
}

}  // namespace powercut
