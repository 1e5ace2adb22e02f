#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "bench/volume.h"

extern "C" {
// diskio.h needs the types of ff.h.
// clang-format off
#include "ff.h"
#include "diskio.h"
// clang-format on
}

namespace bench {

namespace {

TracedDevice* disk = nullptr;

void check(FRESULT result, const char* what) {
  if (result == FR_OK) return;
  std::fprintf(stderr, "pybflash: FAT: %s: error %d\n", what, result);
  std::abort();
}

class FatVolume final : public Volume {
 public:
  explicit FatVolume(TracedDevice& device) { disk = &device; }

  void format() override {
    std::vector<uint8_t> work(FF_MAX_SS);
    fs_.drv = this;
    check(f_mkfs(&fs_, FM_FAT | FM_SFD, 0, work.data(), static_cast<UINT>(work.size())), "mkfs");
  }

  void mount() override {
    fs_ = FATFS{};
    fs_.drv = this;
    check(f_mount(&fs_), "mount");
  }

  void append(const std::string& name, std::span<const uint8_t> data) override {
    FIL file;
    check(f_open(&fs_, &file, name.c_str(), FA_OPEN_APPEND | FA_WRITE), "open");
    write_all(file, data, data.size());
  }

  void write(const std::string& name, std::span<const uint8_t> data, size_t piece_bytes) override {
    FIL file;
    check(f_open(&fs_, &file, name.c_str(), FA_CREATE_ALWAYS | FA_WRITE), "open");
    write_all(file, data, piece_bytes);
  }

  void overwrite(const std::string& name, std::span<const uint8_t> data) override {
    FIL file;
    check(f_open(&fs_, &file, name.c_str(), FA_OPEN_EXISTING | FA_READ | FA_WRITE), "open");
    write_all(file, data, data.size());
  }

  std::vector<uint8_t> read(const std::string& name) override {
    FIL file;
    check(f_open(&fs_, &file, name.c_str(), FA_READ), "open");
    std::vector<uint8_t> data(f_size(&file));
    UINT done = 0;
    check(f_read(&file, data.data(), static_cast<UINT>(data.size()), &done), "read");
    check(f_close(&file), "close");
    return data;
  }

 private:
  void write_all(FIL& file, std::span<const uint8_t> data, size_t piece_bytes) {
    while (!data.empty()) {
      const auto piece = data.first(std::min(piece_bytes, data.size()));
      UINT done = 0;
      check(f_write(&file, piece.data(), static_cast<UINT>(piece.size()), &done), "write");
      if (done != piece.size()) check(FR_DENIED, "the volume is full");
      data = data.subspan(piece.size());
    }
    check(f_close(&file), "close");
  }

  FATFS fs_ = {};
};

}  // namespace

std::unique_ptr<Volume> make_fat(TracedDevice& device) {
  return std::make_unique<FatVolume>(device);
}

}  // namespace bench

extern "C" {

DRESULT disk_read(void*, BYTE* buffer, DWORD sector, UINT count) {
  const uint32_t size = bench::disk->device().board().simple_block_bytes;
  bench::disk->read(sector * size, {buffer, size_t{count} * size});
  return RES_OK;
}

DRESULT disk_write(void*, const BYTE* buffer, DWORD sector, UINT count) {
  const uint32_t size = bench::disk->device().board().simple_block_bytes;
  bench::disk->write(sector * size, {buffer, size_t{count} * size});
  return RES_OK;
}

DRESULT disk_ioctl(void*, BYTE command, void* buffer) {
  const auto& board = bench::disk->device().board();
  switch (command) {
    case CTRL_SYNC:
      bench::disk->sync();
      return RES_OK;
    case GET_SECTOR_COUNT:
      *static_cast<DWORD*>(buffer) = board.storage().size_bytes / board.simple_block_bytes;
      return RES_OK;
    case GET_SECTOR_SIZE:
      *static_cast<WORD*>(buffer) = static_cast<WORD>(board.simple_block_bytes);
      return RES_OK;
    case GET_BLOCK_SIZE:
      *static_cast<DWORD*>(buffer) = 1;  // as MicroPython answers
      return RES_OK;
    case IOCTL_INIT:
    case IOCTL_STATUS:
      *static_cast<DSTATUS*>(buffer) = 0;
      return RES_OK;
    default:
      return RES_PARERR;
  }
}

// Timestamps come from the camera's clock, counted from 2026.
DWORD get_fattime(void) {
  const auto seconds = static_cast<uint32_t>(bench::disk->device().now_ms() / 1000);
  const uint32_t day = seconds / 86400 % 28, hour = seconds / 3600 % 24, minute = seconds / 60 % 60;
  return (2026u - 1980) << 25 | 1u << 21 | (day + 1) << 16 | hour << 11 | minute << 5 | seconds % 60 / 2;
}

}  // extern "C"
