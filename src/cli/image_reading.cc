// `pybflash image info|ls|tree|cat|get|df`: what looks and changes nothing.
#include <unistd.h>

#include <ctime>
#include <iostream>

#include "cli/image.h"
#include "cli/progress.h"
#include "images/transfer.h"
#include "images/walk.h"
#include "images/words.h"

namespace cli {

namespace {

using images::Image;
using images::Node;
using images::printable;
using images::Use;

struct PathOptions {
  ImageArgument image;
  std::string target;  // of get
};

int path_error(const PathOptions& options, const std::string& path, flash::Status status) {
  return usage_error(options.image.file() + ":" + printable(path) + ": " + images::reason_of(status));
}

std::string date_of(uint64_t seconds) {
  if (seconds == 0) return std::string(16, ' ');
  const auto value = static_cast<time_t>(seconds);
  std::tm fields{};
  std::array<char, 32> text;
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", gmtime_r(&value, &fields));
  return text.data();
}

void print_entry(const volumes::Entry& entry, const std::string& name) {
  std::array<char, 16> size;
  std::snprintf(size.data(), size.size(), "%10u", entry.size_bytes);
  std::cout << (entry.is_directory ? "       dir" : size.data()) << "  " << date_of(entry.modified_s) << "  "
            << printable(name) << (entry.is_directory ? "/" : "")
            << (entry.is_read_only ? "  (read-only)" : "") << '\n';
}

int list(const PathOptions& options) {
  Image image;
  if (!open_and_mount(image, options.image, Use::kLook)) return kExitUsage;
  const std::string path = options.image.path();
  volumes::Entry top;
  flash::Status status = image.volume().stat(path, top);
  if (!status.ok()) return path_error(options, path, status);
  std::vector<volumes::Entry> entries;
  if (top.is_directory) {
    status = image.volume().list(path, entries);
  } else {
    entries.push_back(top);
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  for (const volumes::Entry& entry : entries) print_entry(entry, entry.name);
  return status.ok() ? kExitOk : path_error(options, path, status);
}

void print_tree(const std::vector<Node>& nodes) {
  std::vector<bool> is_last_at;  // of the folders above
  for (const Node& node : nodes) {
    is_last_at.resize(node.depth);
    for (const bool is_last : is_last_at) std::cout << (is_last ? "    " : "│   ");
    std::cout << (node.is_last ? "└── " : "├── ") << printable(node.entry.name);
    if (node.entry.is_directory) {
      std::cout << "/\n";
    } else {
      std::cout << "  " << images::human_size(node.entry.size_bytes) << '\n';
    }
    is_last_at.push_back(node.is_last);
  }
}

int tree(const PathOptions& options) {
  Image image;
  if (!open_and_mount(image, options.image, Use::kLook)) return kExitUsage;
  const std::string path = options.image.path();
  std::vector<Node> nodes;
  std::string failed;
  const flash::Status status = images::walk(image.volume(), path, nodes, [&](const images::Fault& fault) {
    failed = fault.path;
    return false;
  });
  if (!status.ok() && nodes.empty()) return path_error(options, failed, status);
  std::cout << printable(path) << '\n';
  print_tree(nodes);
  size_t folders = 0;
  uint64_t bytes = 0;
  for (const Node& node : nodes) {
    folders += node.entry.is_directory ? 1 : 0;
    bytes += node.entry.size_bytes;
  }
  const size_t files = nodes.size() - folders;
  std::cout << images::counted(folders, "folder") << ", " << images::counted(files, "file") << ", "
            << images::human_size(bytes) << '\n';
  return status.ok() ? kExitOk : path_error(options, failed, status);
}

int cat(const PathOptions& options) {
  Image image;
  if (!open_and_mount(image, options.image, Use::kLook)) return kExitUsage;
  const std::string path = options.image.path();
  volumes::Entry top;
  if (image.volume().stat(path, top).ok() && top.is_directory) {
    return path_error(options, path, volumes::kIsDirectory);
  }
  const flash::Status status = images::read_file(image.volume(), path, [](std::span<const uint8_t> piece) {
    std::cout.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
    return static_cast<bool>(std::cout);
  });
  std::cout.flush();
  return status.ok() ? kExitOk : path_error(options, path, status);
}

int get(const PathOptions& options) {
  Image image;
  if (!open_and_mount(image, options.image, Use::kLook)) return kExitUsage;
  const std::string path = options.image.path();
  std::string target = options.target.empty() ? "." : options.target;
  volumes::Entry top;
  if (const flash::Status status = image.volume().stat(path, top); !status.ok()) {
    return path_error(options, path, status);
  }
  // As cp: into a folder that is there; the root has no name of its own, so its content goes there.
  if (path != "/" && std::filesystem::is_directory(target)) {
    target = images::join(target, images::name_of(path));
  }
  std::error_code none_there;
  if (std::filesystem::equivalent(target, options.image.file(), none_there)) {
    return usage_error(target + ": is the image itself; name another file");
  }
  Progress progress("copying");
  const std::string problem =
      images::copy_out(image.volume(), path, target,
                       [&](auto done, auto total, const auto& name) { progress.show(done, total, name); });
  if (!problem.empty()) return usage_error(problem);
  print_other_volumes(std::cerr, image, options.image.file());  // the target may be standard output
  return kExitOk;
}

int df(const PathOptions& options) {
  Image image;
  if (!open_and_mount(image, options.image, Use::kLook)) return kExitUsage;
  volumes::Space space;
  if (const auto status = image.volume().space(space); !status.ok()) {
    return path_error(options, "/", status);
  }
  const uint64_t total = uint64_t{space.total_blocks} * space.block_bytes;
  const uint64_t free = uint64_t{space.free_blocks} * space.block_bytes;
  std::cout << image.content().description << ": " << images::human_size(total) << ", "
            << images::human_size(total - free) << " used, " << images::human_size(free) << " free ("
            << space.total_blocks << " blocks of " << space.block_bytes << " bytes, " << space.free_blocks
            << " free)\n";
  return kExitOk;
}

int info(const PathOptions& options) {
  Image image;
  if (!open_image(image, options.image, Use::kLook)) return kExitUsage;
  const boards::Board& board = image.board();
  std::cout << "board    " << board.name << " (" << board.camera << "), " << board.part->name << '\n';
  for (const boards::Area& area : board.areas) {
    std::array<char, 64> range;
    std::snprintf(range.data(), range.size(), "0x%08x-0x%08x", area.offset,
                  area.offset + area.size_bytes - 1);
    std::cout << "area     " << range.data() << "  " << area.name << ", "
              << images::human_size(area.size_bytes) << (&area == &board.storage() ? "  <- pyb.Flash" : "")
              << '\n';
  }
  std::cout << "content  " << image.content().description << '\n';
  if (std::filesystem::exists(images::wear_path(options.image.file()))) {
    std::cout << "wear     " << image.camera().cells().max_wear() << " erases of the most used sector\n";
  }
  print_other_volumes(std::cout, image, options.image.file());
  if (image.content().filesystem == nullptr) return kExitOk;
  if (const std::string error = image.mount(); !error.empty()) return usage_error(error);
  std::cout << "space    ";
  return df(options);
}

constexpr const char* kGetFooter =
    "A folder comes with all that is in it. Without TARGET it goes to the working directory.\n"
    "\n"
    "Examples:\n"
    "  pybflash image get cam.bin:/log.txt\n"
    "  pybflash image get cam.bin folder         everything";

}  // namespace

void add_image_reading_commands(CLI::App& image, Action& action) {
  const auto add = [&](const char* name, const char* description, int (*run)(const PathOptions&),
                       bool with_path = true) {
    auto options = std::make_shared<PathOptions>();
    CLI::App* command = add_image_command(image, action, name, description, options, run);
    add_volume_argument(*command, options->image, with_path);
    return std::pair(command, options);
  };
  add("info", "Board, areas, what is there, how full it is", info, false);
  add("ls", "List a folder", list);
  add("tree", "List everything", tree);
  add("cat", "Print a file", cat);
  add("df", "How full it is", df, false);
  const auto added = add("get", "Copy a file or folder out", get);
  added.first->footer(kGetFooter);
  added.first->add_option("target", added.second->target, "Where to")->type_name("TARGET");
}

}  // namespace cli
