// A script, again and again on one simulated camera, each time in a process of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "boards/board.h"
#include "cli/projection.h"

namespace cli {

enum class Filesystem { kFat, kLittlefs, kFatOnLayer };

// Is the storage large enough?
bool has_room_for(const boards::Board& board, Filesystem filesystem);

// Makes the image of a camera that was in use before: a storage full of old data, and in it a fresh
// filesystem. Returns what was wrong, or nothing.
std::string make_used_image(const boards::Board& board, const std::string& path, Filesystem filesystem);

// What the script prints is not shown. `arguments`: the script, and what follows it. The cost counts from
// power-up on: the boot and the last sync are part of it. Returns what was wrong, or nothing.
std::string run_script(const boards::Board& board, const std::string& image_path,
                       std::vector<std::string> arguments, RunCost& cost);

// The wear counters of an image, a number a sector.
std::vector<uint32_t> wear_of_image(const boards::Board& board, const std::string& image_path);

}  // namespace cli
