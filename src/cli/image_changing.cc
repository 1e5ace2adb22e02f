// `pybflash image put|rm|mkdir`: changes, of which all or nothing happens.
#include <chrono>
#include <iostream>
#include <map>
#include <utility>

#include "cli/image.h"
#include "cli/progress.h"
#include "images/transfer.h"
#include "images/walk.h"
#include "images/words.h"

namespace cli {

namespace {

using images::Image;
using images::printable;
using images::Use;

struct ChangeOptions {
  ImageArgument image;
  std::vector<std::string> sources;
  bool recursive = false;
};

int path_error(const ChangeOptions& options, const std::string& path, const std::string& reason) {
  return usage_error(options.image.file() + ":" + printable(path) + ": " + reason);
}

int save(Image& image) {
  const std::string problem = image.save();
  return problem.empty() ? kExitOk : usage_error(problem);
}

// A link has the name that it goes by; "." and ".." have that of the folder.
std::string name_of_source(const std::string& source) {
  std::filesystem::path path = source;
  if (!path.has_filename()) path = path.parent_path();  // "lib/"
  const bool is_name = path.has_filename() && path.filename() != "." && path.filename() != "..";
  return (is_name ? path : std::filesystem::canonical(path)).filename().string();
}

// Of two sources with one name, one would be lost, or both be mixed. Returns what is wrong, or nothing.
std::string refuse_equal_names(const std::vector<std::string>& sources) {
  std::map<std::string, std::string> source_of;
  for (const std::string& source : sources) {
    const auto [first, is_new] = source_of.try_emplace(name_of_source(source), source);
    if (is_new) continue;
    return printable(source) + ": would have the same name in the image as " + printable(first->second) +
           "; put them into different folders, or one under another name";
  }
  return {};
}

// Nothing: it is a folder of the image.
std::string why_no_folder(volumes::Volume& volume, const std::string& path) {
  volumes::Entry there;
  if (!volume.stat(path, there).ok()) return "no such folder; pybflash image mkdir makes one";
  return there.is_directory ? "" : images::reason_of(volumes::kNotDirectory);
}

// The first folder on the way to `path` that is none, with what is wrong; nothing, if all are there.
std::pair<std::string, std::string> missing_folder(volumes::Volume& volume, const std::string& path) {
  std::filesystem::path folder;
  for (const std::filesystem::path& part : std::filesystem::path(path).parent_path()) {
    folder /= part;
    std::string why = why_no_folder(volume, folder.string());
    if (!why.empty()) return {folder.string(), why};
  }
  return {};
}

// Returns what was wrong, or nothing.
std::string put_one(Image& image, const ChangeOptions& options, const std::string& source,
                    const std::string& target, Progress& progress) {
  std::vector<images::Source> found;
  if (std::string problem = images::collect(source, found); !problem.empty()) return problem;
  const images::Destination destination = {image.volume(), target, image.content().description,
                                           options.image.file()};
  return images::copy_in(found, destination,
                         [&](auto done, auto total, const auto& name) { progress.show(done, total, name); });
}

int put(const ChangeOptions& options) {
  for (const std::string& source : options.sources) {
    if (!std::filesystem::exists(source)) return usage_error(source + ": no such file or folder");
  }
  Image image;
  if (!open_and_mount(image, options.image, Use::kChange)) return kExitUsage;
  const std::string path = options.image.path();
  const bool goes_into_it = options.sources.size() > 1 || options.image.names_folder() ||
                            why_no_folder(image.volume(), path).empty();
  const std::string folder = goes_into_it ? path : images::parent_of(path);
  if (const std::string why = why_no_folder(image.volume(), folder); !why.empty()) {
    return path_error(options, folder, why);
  }
  if (const std::string why = refuse_equal_names(options.sources); !why.empty()) return usage_error(why);
  Progress progress("copying");
  for (const std::string& source : options.sources) {
    const std::string target = goes_into_it ? images::join(path, name_of_source(source)) : path;
    const std::string problem = put_one(image, options, source, target, progress);
    if (!problem.empty()) return usage_error(problem + "; the image is as it was");
  }
  return save(image);
}

// What is deepest goes first.
flash::Status remove_all(volumes::Volume& volume, const std::string& path, std::string& failed) {
  std::vector<images::Node> nodes;
  FLASH_TRY(images::walk(volume, path, nodes, [&](const images::Fault& fault) {
    failed = fault.path;
    return false;
  }));
  nodes.insert(nodes.begin(), {path, 0, true, {}});
  for (size_t i = nodes.size(); i-- > 0;) {
    failed = nodes[i].path;
    FLASH_TRY(volume.remove(nodes[i].path));
  }
  return {};
}

int remove(const ChangeOptions& options) {
  Image image;
  if (!open_and_mount(image, options.image, Use::kChange)) return kExitUsage;
  std::string path = options.image.path();
  if (path == "/") {
    return path_error(options, path, "the root stays; pybflash image create makes an empty image");
  }
  volumes::Entry entry;
  flash::Status status = image.volume().stat(path, entry);
  if (status.ok() && entry.is_directory && options.recursive) {
    status = remove_all(image.volume(), path, path);
  } else if (status.ok()) {
    status = image.volume().remove(path);
  }
  if (!status.ok() && entry.is_directory && !options.recursive) {
    return path_error(options, path, "the folder is not empty; -r removes it with all that is in it");
  }
  if (status == volumes::kDenied) return path_error(options, path, "it is read-only");
  return status.ok() ? save(image) : path_error(options, path, images::reason_of(status));
}

int make_directory(const ChangeOptions& options) {
  Image image;
  if (!open_and_mount(image, options.image, Use::kChange)) return kExitUsage;
  const std::string path = options.image.path();
  if (path == "/") return path_error(options, path, "the root is there already; name the new folder");
  if (const auto [folder, why] = missing_folder(image.volume(), path); !why.empty()) {
    return path_error(options, folder, why);
  }
  if (!image.volume().accepts_name(images::name_of(path))) {
    return path_error(options, path, "not a name that " + image.content().description + " takes");
  }
  image.volume().set_time(static_cast<uint64_t>(std::time(nullptr)));
  const flash::Status status = image.volume().make_directory(path);
  if (status == volumes::kDenied) return path_error(options, path, "no room left");
  return status.ok() ? save(image) : path_error(options, path, images::reason_of(status));
}

constexpr const char* kPutFooter =
    "Into PATH if it is a folder of the image, as it has to be for several, and if it ends in /; else PATH "
    "is\n"
    "the name that the one SOURCE gets. Folders come with all that is in them; files that are there are\n"
    "replaced.\n"
    "\n"
    "Examples:\n"
    "  pybflash image put cam.bin main.py lib\n"
    "  pybflash image put cam.bin:/main.py blink.py";

}  // namespace

void add_image_changing_commands(CLI::App& image, Action& action) {
  const auto add = [&](const char* name, const char* description, int (*run)(const ChangeOptions&)) {
    auto options = std::make_shared<ChangeOptions>();
    CLI::App* command = add_image_command(image, action, name, description, options, run);
    add_volume_argument(*command, options->image);
    return std::pair(command, options);
  };
  const auto added_put = add("put", "Copy files and folders in", put);
  added_put.first->footer(kPutFooter);
  added_put.first->add_option("sources", added_put.second->sources, "Files and folders")
      ->type_name("SOURCE...")
      ->required();
  const auto added_rm = add("rm", "Remove a file or folder", remove);
  added_rm.first->add_flag("-r", added_rm.second->recursive, "A folder with all that is in it");
  add("mkdir", "Make a folder", make_directory);
}

}  // namespace cli
