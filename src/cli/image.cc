// `pybflash image`: what is in a camera's flash, on this computer.
#include "cli/image.h"

#include <filesystem>

#include "cli/image_board.h"
#include "cli/output_file.h"
#include "images/dfu.h"
#include "images/words.h"

namespace cli {

namespace {

constexpr const char* kImageFooter =
    "IMG is a dump of a whole flash, as `pybflash run --image` keeps it. Which board it belongs to is seen\n"
    "by its size and content; where that leaves a choice, --board is asked for. PATH is a path on the\n"
    "camera's filesystem. What only looks never changes an image, and a change that fails changes nothing.\n"
    "\n"
    "Examples:\n"
    "  pybflash image create --board OPENMV4P --fs littlefs --from folder cam.bin\n"
    "  pybflash image tree cam.bin\n"
    "  pybflash image put cam.bin:/lib driver.py\n"
    "  pybflash image get cam.bin:/log.txt";

// A filesystem follows "..", and `rm -r` would remove what nobody named.
std::string refuse_dots(const std::string& path) {
  for (const std::filesystem::path& part : std::filesystem::path(path)) {
    if (part == "." || part == "..") return path + ": no . and .. in an image; name the folder itself";
  }
  return {};
}

// To CLI11, 0100 is 64.
std::string refuse_no_decimal(const std::string& text) {
  const bool is_decimal = !text.empty() && text.find_first_not_of("0123456789") == text.npos &&
                          (text == "0" || text.front() != '0') && text.size() <= 10 &&
                          std::stoull(text) <= UINT32_MAX;
  return is_decimal ? "" : text + " is no number of bytes, as 262144";
}

}  // namespace

std::string ImageArgument::file() const {
  if (std::filesystem::exists(text)) return text;
  // The first colon that ends the name of a file; the first one where there is no such file.
  for (size_t at = text.find(':'); at != text.npos; at = text.find(':', at + 1)) {
    if (std::filesystem::exists(text.substr(0, at))) return text.substr(0, at);
  }
  return text.substr(0, text.find(':'));
}

std::string ImageArgument::path() const {
  const size_t at = file().size();
  std::string path = at < text.size() ? text.substr(at + 1) : "";
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path.starts_with('/') ? path : "/" + path;
}

bool ImageArgument::names_folder() const {
  return text.size() > file().size() && text.ends_with('/');
}

void add_image_argument(CLI::App& command, ImageArgument& image, bool with_path) {
  add_image_board_option(command, image.board);
  command.add_option("image", image.text, with_path ? "The image, and a path in it" : "The image")
      ->type_name(with_path ? "IMG[:PATH]" : "IMG")
      ->check([](const std::string& text) {
        const ImageArgument argument = {.text = text, .board = {}};
        const std::string error = refuse_nameless(argument.file());
        return error.empty() ? refuse_dots(argument.path()) : error;
      })
      ->required();
}

void add_volume_argument(CLI::App& command, ImageArgument& image, bool with_path) {
  add_image_argument(command, image, with_path);
  command
      .add_option("--start", image.start,
                  "The volume that begins there in the storage, as in pyb.Flash(start=...)")
      ->type_name("BYTES")
      ->capture_default_str()
      ->check(refuse_no_decimal);
}

bool open_image(images::Image& image, const ImageArgument& argument, images::Use use) {
  const std::string error = image.open(argument.file(), argument.board, use, argument.start);
  if (!error.empty()) usage_error(error);
  return error.empty();
}

bool open_and_mount(images::Image& image, const ImageArgument& argument, images::Use use) {
  if (!open_image(image, argument, use)) return false;
  const std::string error = image.mount();
  if (!error.empty()) usage_error(error);
  return error.empty();
}

std::string text_of(const images::FoundVolume& volume) {
  return volume.kind + ", " + images::human_size(volume.size_bytes) +
         ", start=" + std::to_string(volume.start);
}

std::span<const uint8_t> storage_of(boards::Camera& camera) {
  const boards::Area& area = camera.board().storage();
  return camera.cells().bytes().subspan(area.offset, area.size_bytes);
}

void print_dfu_command(std::ostream& out, const boards::Board& board, const std::string& dfu) {
  out << "To put it on a camera: " << images::dfu_command(board, dfu) << '\n';
}

std::string refuse_name_of_image(const std::string& output, const std::string& image) {
  if (are_one_file(output, image)) return output + ": is the image itself; name another file";
  for (const std::string& wear : images::wear_paths(image)) {
    if (are_one_file(output, wear))
      return output + ": is where the image has its wear counters; name another file";
  }
  return {};
}

void print_other_volumes(std::ostream& out, images::Image& image, const std::string& path) {
  for (const images::FoundVolume& volume : images::find_volumes(image.camera())) {
    if (volume.start == image.start()) continue;
    out << path << ": there is also " << text_of(volume) << "; --start " << volume.start
        << " looks into it\n";
  }
}

void add_image_command_family(CLI::App& app, Action& action) {
  CLI::App* image = app.add_subcommand("image", "Make images of a camera's flash, and see what is in them");
  image->footer(kImageFooter);
  image->require_subcommand(1);
  add_image_create_command(*image, action);
  add_image_reading_commands(*image, action);
  add_image_changing_commands(*image, action);
  add_image_check_commands(*image, action);
  add_image_dfu_command(*image, action);
}

}  // namespace cli
