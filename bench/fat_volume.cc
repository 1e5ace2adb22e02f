#include <algorithm>
#include <string>

#include "bench/check.h"
#include "bench/volume.h"

extern "C" {
#include "ff.h"
// After ff.h, whose types it uses.
#include "diskio.h"
}

namespace bench {
namespace {

void check(FRESULT result, const char* what) {
  if (result != FR_OK) fail(std::string("FAT: ") + what + ": error " + std::to_string(result));
}

UINT uint_of(size_t size) {
  return static_cast<UINT>(size);
}

class FatVolume final : public Volume {
 public:
  explicit FatVolume(TracedDevice& device) : device_(device) { forget(); }

  void format() override {
    std::vector<uint8_t> work(device_.board().simple_block_bytes);
    check(f_mkfs(&fs_, FM_FAT, 0, work.data(), uint_of(work.size())), "mkfs");
  }

  void mount() override {
    forget();
    check(f_mount(&fs_), "mount");
  }

  void append(const std::string& name, std::span<const uint8_t> data) override {
    write_file(name, FA_OPEN_APPEND | FA_WRITE, data, data.size());
  }
  void write(const std::string& name, std::span<const uint8_t> data, size_t piece_bytes) override {
    write_file(name, FA_CREATE_ALWAYS | FA_WRITE, data, piece_bytes);
  }
  void overwrite(const std::string& name, std::span<const uint8_t> data) override {
    write_file(name, FA_OPEN_EXISTING | FA_READ | FA_WRITE, data, data.size());
  }

  std::vector<uint8_t> read(const std::string& name) override {
    FIL file;
    check(f_open(&fs_, &file, name.c_str(), FA_READ), "open");
    std::vector<uint8_t> data(f_size(&file));
    UINT done = 0;
    check(f_read(&file, data.data(), uint_of(data.size()), &done), "read");
    demand(done == data.size(), "FAT: a file is shorter than its size");
    check(f_close(&file), "close");
    return data;
  }

 private:
  void forget() {
    fs_ = FATFS{};
    fs_.drv = &device_;
    fs_.part = 1;  // of the drive's partition table
  }

  void write_file(const std::string& name, BYTE mode, std::span<const uint8_t> data, size_t piece_bytes) {
    FIL file;
    check(f_open(&fs_, &file, name.c_str(), mode), "open");
    while (!data.empty()) {
      const auto piece = data.first(std::min(piece_bytes, data.size()));
      UINT done = 0;
      check(f_write(&file, piece.data(), uint_of(piece.size()), &done), "write");
      demand(done == piece.size(), "FAT: the volume is full");
      data = data.subspan(piece.size());
    }
    check(f_close(&file), "close");
  }

  TracedDevice& device_;
  FATFS fs_;
};

TracedDevice& device_of(void* drive) {
  return *static_cast<TracedDevice*>(drive);
}

// FatFs asks for the time without saying for which volume.
const TracedDevice* timekeeper = nullptr;

}  // namespace

std::unique_ptr<Volume> make_fat_volume(TracedDevice& device) {
  timekeeper = &device;
  return std::make_unique<FatVolume>(device);
}

}  // namespace bench

extern "C" {

DRESULT disk_read(void* drive, BYTE* out, DWORD sector, UINT count) {
  auto& device = bench::device_of(drive);
  device.read_blocks(sector, {out, size_t{count} * device.board().simple_block_bytes});
  return RES_OK;
}

DRESULT disk_write(void* drive, const BYTE* data, DWORD sector, UINT count) {
  auto& device = bench::device_of(drive);
  device.write_blocks(sector, {data, size_t{count} * device.board().simple_block_bytes});
  return RES_OK;
}

// As extmod/vfs_fat_diskio.c answers.
DRESULT disk_ioctl(void* drive, BYTE command, void* answer) {
  auto& device = bench::device_of(drive);
  const boards::Board& board = device.board();
  switch (command) {
    case CTRL_SYNC:
      device.sync();
      return RES_OK;
    case GET_SECTOR_COUNT:
      *static_cast<DWORD*>(answer) =
          flash::Drive::kFirstStorageBlock + board.storage().size_bytes / board.simple_block_bytes;
      return RES_OK;
    case GET_SECTOR_SIZE:
      *static_cast<WORD*>(answer) = static_cast<WORD>(board.simple_block_bytes);
      return RES_OK;
    case GET_BLOCK_SIZE:
      *static_cast<DWORD*>(answer) = 1;
      return RES_OK;
    case IOCTL_INIT:
    case IOCTL_STATUS:
      *static_cast<DSTATUS*>(answer) = 0;
      return RES_OK;
    default:
      return RES_PARERR;
  }
}

// The camera's clock, set to 1 January 2026 when it was switched on.
DWORD get_fattime(void) {
  const auto seconds = static_cast<uint32_t>(bench::timekeeper->now_ms() / 1000);
  const uint32_t day = 1 + seconds / 86400 % 31;
  return (2026u - 1980) << 25 | 1u << 21 | day << 16 | seconds / 3600 % 24 << 11 | seconds / 60 % 60 << 5 |
         seconds % 60 / 2;
}

}  // extern "C"
