// What the `pybflash image` commands share. Each file of the family adds its own.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>

#include "cli/commands.h"
#include "images/check.h"
#include "images/image.h"

namespace cli {

// "cam.bin:/lib/a.py", and which board it is of.
struct ImageArgument {
  std::string text;
  std::string board;
  uint32_t start = 0;  // of the volume

  std::string file() const;
  std::string path() const;   // "/lib/a.py", "/" where none is given; without . and ..
  bool names_folder() const;  // "cam.bin:/lib/"
};

// The option --board and the first argument, IMG or IMG:PATH.
void add_image_argument(CLI::App& command, ImageArgument& image, bool with_path = true);

// And --start, for what works on one volume.
void add_volume_argument(CLI::App& command, ImageArgument& image, bool with_path = true);

// False: an error was reported.
bool open_image(images::Image& image, const ImageArgument& argument, images::Use use);
bool open_and_mount(images::Image& image, const ImageArgument& argument, images::Use use);

// "littlefs v2, 24 MiB, start=262144", as pyb.Flash has it.
std::string text_of(const images::FoundVolume& volume);

// What a camera's bootloader writes: all of the storage, past the cache.
std::span<const uint8_t> storage_of(boards::Camera& camera);
void print_dfu_command(std::ostream& out, const boards::Board& board, const std::string& dfu);

// For an output: does it have the name of the image, or of its wear counters? Returns what is wrong, or
// nothing.
std::string refuse_name_of_image(const std::string& output, const std::string& image);

// A line for each volume but that which the image was opened at.
void print_other_volumes(std::ostream& out, images::Image& image, const std::string& path);

// A subcommand of `image` with options of type Options, run by `run`.
template <typename Options>
CLI::App* add_image_command(CLI::App& image, Action& action, const std::string& name,
                            const std::string& description, std::shared_ptr<Options> options,
                            int (*run)(const Options&)) {
  CLI::App* command = image.add_subcommand(name, description);
  command->callback([options, run, &action] { action = [options, run] { return run(*options); }; });
  return command;
}

void add_image_create_command(CLI::App& image, Action& action);
void add_image_reading_commands(CLI::App& image, Action& action);
void add_image_changing_commands(CLI::App& image, Action& action);
void add_image_check_commands(CLI::App& image, Action& action);
void add_image_dfu_command(CLI::App& image, Action& action);

}  // namespace cli
