// The file that `dfu-util` downloads to a camera's bootloader.
//
// OpenMV's bootloader shows each area of the flash as an alternate setting and takes plain DFU 1.1 files; the
// bootloader of Arduino's boards takes DfuSe files, in which the address is (UM0391 of ST). Either ends with
// the suffix of the DFU specification (1.1, appendix B), which says which device the file is for.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "boards/board.h"

namespace images {

// `storage`: the content of the board's whole storage area.
std::vector<uint8_t> make_dfu(const boards::Board& board, std::span<const uint8_t> storage);

// "dfu-util -w -d ,37c5:924a -a 3 -D cam.dfu"
std::string dfu_command(const boards::Board& board, const std::string& path);

}  // namespace images
