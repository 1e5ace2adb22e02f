#include <algorithm>
#include <array>
#include <ctime>

#include "volumes/volume.h"

extern "C" {
// diskio.h needs the types of ff.h.
// clang-format off
#include "ff.h"
#include "diskio.h"
// clang-format on
}

namespace volumes {

namespace {

using flash::Status;

// FatFs asks for the time without saying which volume it is for.
thread_local uint64_t fat_now_s = 0;

// As extmod/vfs_fat_file.c (fresult_to_errno_table) tells them to Python.
Status status_of(FRESULT result) {
  switch (result) {
    case FR_OK:
      return {};
    case FR_NO_FILE:
    case FR_NO_PATH:
      return kNotFound;
    case FR_INVALID_NAME:
    case FR_INVALID_OBJECT:
    case FR_INVALID_PARAMETER:
      return flash::Error::kInvalid;
    case FR_DENIED:
      return kDenied;
    case FR_EXIST:
      return kExists;
    case FR_WRITE_PROTECTED:
      return kReadOnly;
    case FR_INVALID_DRIVE:
    case FR_NOT_ENABLED:
    case FR_NO_FILESYSTEM:
      return kNoFilesystem;
    default:
      return flash::Error::kIo;
  }
}

class FatFile final : public File {
 public:
  Status open(FATFS& fs, const std::string& path, BYTE mode) {
    return status_of(f_open(&fs, &file_, path.c_str(), mode));
  }

  uint32_t first_cluster() const override { return file_.obj.sclust; }

  Status read(std::span<uint8_t> out, size_t& done) override {
    UINT read = 0;
    const FRESULT result = f_read(&file_, out.data(), static_cast<UINT>(out.size()), &read);
    done = read;
    return status_of(result);
  }

  Status write(std::span<const uint8_t> data) override {
    UINT written = 0;
    FLASH_TRY(status_of(f_write(&file_, data.data(), static_cast<UINT>(data.size()), &written)));
    return written == data.size() ? Status{} : kNoSpace;
  }

  Status seek(uint32_t offset) override { return status_of(f_lseek(&file_, offset)); }
  uint32_t size_bytes() override { return static_cast<uint32_t>(f_size(&file_)); }
  Status sync() override { return status_of(f_sync(&file_)); }
  Status close() override { return status_of(f_close(&file_)); }

 private:
  FIL file_ = {};
};

// As in extmod/vfs_fat_file.c; "ab" goes to the end once, when it opens.
BYTE flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::kCreate:
      return FA_WRITE | FA_CREATE_ALWAYS;
    case OpenMode::kCreateNew:
      return FA_WRITE | FA_CREATE_NEW;
    case OpenMode::kAppend:
      return FA_WRITE | FA_OPEN_APPEND;
    case OpenMode::kUpdate:
      return FA_READ | FA_WRITE;
    case OpenMode::kRead:
      break;
  }
  return FA_READ;
}

struct FatTime {
  WORD date;
  WORD time;
};

FatTime fat_time_of(uint64_t seconds) {
  const auto value = static_cast<time_t>(seconds);
  std::tm fields{};
  gmtime_r(&value, &fields);
  // FAT's years begin with 1980 and end with 2107.
  if (fields.tm_year < 80) return {1 << 5 | 1, 0};
  const int year = fields.tm_year - 80 > 127 ? 127 : fields.tm_year - 80;
  return {static_cast<WORD>(year << 9 | (fields.tm_mon + 1) << 5 | fields.tm_mday),
          static_cast<WORD>(fields.tm_hour << 11 | fields.tm_min << 5 | fields.tm_sec / 2)};
}

uint64_t seconds_of(FatTime value) {
  std::tm fields{};
  fields.tm_year = (value.date >> 9) + 80;
  fields.tm_mon = (value.date >> 5 & 15) - 1;
  fields.tm_mday = value.date & 31;
  fields.tm_hour = value.time >> 11;
  fields.tm_min = value.time >> 5 & 63;
  fields.tm_sec = (value.time & 31) * 2;
  return static_cast<uint64_t>(timegm(&fields));
}

bool is_root(const std::string& path) {
  return path.empty() || path == "/";
}

class FatVolume final : public Volume {
 public:
  FatVolume(BlockDevice& device, std::string_view label) : label_(label) { fs_.drv = &device; }

  Status format() override;

  Status mount() override {
    unmount();
    return status_of(f_mount(&fs_));
  }

  void unmount() override {
    void* const device = fs_.drv;
    fs_ = FATFS{};
    fs_.drv = device;
  }

  Status open(const std::string& path, OpenMode mode, std::unique_ptr<File>& file) override {
    auto opened = std::make_unique<FatFile>();
    fat_now_s = now_s_;
    FLASH_TRY(opened->open(fs_, path, flags_of(mode)));
    file = std::move(opened);
    return {};
  }

  Status list(const std::string& path, std::vector<Entry>& entries) override;
  Status stat(const std::string& path, Entry& entry) override;
  Status place_of_folder(const std::string& path, uint32_t& place) override;

  Status make_directory(const std::string& path) override {
    fat_now_s = now_s_;
    return status_of(f_mkdir(&fs_, path.c_str()));
  }
  Status remove(const std::string& path) override { return status_of(f_unlink(&fs_, path.c_str())); }
  Status rename(const std::string& from, const std::string& to) override;
  Status space(Space& space) override;
  bool accepts_name(std::string_view name) const override;
  bool ignores_case() const override { return true; }

 private:
  void read_name(const std::string& path, std::string& name);

  FATFS fs_ = {};
  const std::string label_;
};

// As VfsFat.mkfs does it, and then the camera's boot.
Status FatVolume::format() {
  std::array<uint8_t, FF_MAX_SS> work;
  fat_now_s = now_s_;
  unmount();
  FLASH_TRY(status_of(f_mkfs(&fs_, FM_FAT | FM_SFD, 0, work.data(), work.size())));
  if (!label_.empty()) {
    FLASH_TRY(mount());
    FLASH_TRY(status_of(f_setlabel(&fs_, label_.c_str())));
    unmount();
  }
  return static_cast<BlockDevice*>(fs_.drv)->sync();
}

Entry entry_of(const FILINFO& info) {
  return {.name = info.fname,
          .is_directory = (info.fattrib & AM_DIR) != 0,
          .is_read_only = (info.fattrib & AM_RDO) != 0,
          .size_bytes = static_cast<uint32_t>(info.fsize),
          .modified_s = seconds_of({info.fdate, info.ftime})};
}

Status FatVolume::list(const std::string& path, std::vector<Entry>& entries) {
  FF_DIR directory;
  FLASH_TRY(status_of(f_opendir(&fs_, &directory, path.c_str())));
  while (true) {
    FILINFO info;
    FLASH_TRY(status_of(f_readdir(&directory, &info)));
    if (info.fname[0] == '\0') return {};
    entries.push_back(entry_of(info));
  }
}

DWORD upper_case(char c) {
  return ff_wtoupper(ff_oem2uni(static_cast<uint8_t>(c), FF_CODE_PAGE));
}

// As cmp_lfn() and create_name() of ff.c compare.
bool are_one_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return x == y || upper_case(x) == upper_case(y); });
}

Status FatVolume::stat(const std::string& path, Entry& entry) {
  if (is_root(path)) {
    entry = {.name = "/", .is_directory = true};
    return {};
  }
  FILINFO info;
  FLASH_TRY(status_of(f_stat(&fs_, path.c_str(), &info)));
  entry = entry_of(info);
  read_name(path, entry.name);
  return {};
}

// Of what has a long name, f_stat() tells the name that it was asked for. That in the folder may differ: the
// first that FatFs takes for the same, long or short, is the one that it found.
void FatVolume::read_name(const std::string& path, std::string& name) {
  const size_t at = path.rfind('/');
  const std::string folder = at == path.npos ? "" : path.substr(0, at);
  const std::string wanted = path.substr(at + 1);
  FF_DIR directory;
  FILINFO info;
  if (f_opendir(&fs_, &directory, folder.c_str()) != FR_OK) return;
  while (f_readdir(&directory, &info) == FR_OK && info.fname[0] != '\0') {
    if (!are_one_name(info.fname, wanted) && !are_one_name(info.altname, wanted)) continue;
    name = info.fname;
    return;
  }
}

Status FatVolume::place_of_folder(const std::string& path, uint32_t& place) {
  FF_DIR directory;
  FLASH_TRY(status_of(f_opendir(&fs_, &directory, path.c_str())));
  place = directory.obj.sclust;  // 0: the root
  return {};
}

// As VfsFat.rename: a file that has the new name already makes way.
Status FatVolume::rename(const std::string& from, const std::string& to) {
  const FRESULT result = f_rename(&fs_, from.c_str(), to.c_str());
  if (result != FR_EXIST) return status_of(result);
  Entry in_the_way;
  FLASH_TRY(stat(to, in_the_way));
  if (in_the_way.is_directory) return kIsDirectory;
  FLASH_TRY(remove(to));
  return status_of(f_rename(&fs_, from.c_str(), to.c_str()));
}

Status FatVolume::space(Space& space) {
  DWORD free_clusters = 0;
  FLASH_TRY(status_of(f_getfree(&fs_, &free_clusters)));
  space = {uint32_t{fs_.csize} * fs_.ssize, fs_.n_fatent - 2, free_clusters};
  return {};
}

// create_name() of ff.c: these are refused, '\' separates folders, and dots and spaces at the end go away.
bool FatVolume::accepts_name(std::string_view name) const {
  constexpr std::string_view kRefused = "\"*:<>?|\\/\x7F";
  if (name.empty() || name.size() > FF_MAX_LFN || name.back() == '.' || name.back() == ' ') return false;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < ' ' || kRefused.find(c) != kRefused.npos) return false;
  }
  return true;
}

}  // namespace

std::unique_ptr<Volume> make_fat(BlockDevice& device, std::string_view label) {
  return std::make_unique<FatVolume>(device, label);
}

}  // namespace volumes

// ---- What FatFs asks for ----------------------------------------------------------------------------

extern "C" {

DRESULT disk_read(void* drive, BYTE* buffer, DWORD sector, UINT count) {
  auto& device = *static_cast<volumes::BlockDevice*>(drive);
  const uint32_t size = device.simple_block_bytes();
  return device.read(sector * size, {buffer, size_t{count} * size}).ok() ? RES_OK : RES_ERROR;
}

DRESULT disk_write(void* drive, const BYTE* buffer, DWORD sector, UINT count) {
  auto& device = *static_cast<volumes::BlockDevice*>(drive);
  const uint32_t size = device.simple_block_bytes();
  return device.write(sector * size, {buffer, size_t{count} * size}).ok() ? RES_OK : RES_ERROR;
}

DRESULT disk_ioctl(void* drive, BYTE command, void* buffer) {
  auto& device = *static_cast<volumes::BlockDevice*>(drive);
  switch (command) {
    case CTRL_SYNC:
      return device.sync().ok() ? RES_OK : RES_ERROR;
    case GET_SECTOR_COUNT:
      *static_cast<DWORD*>(buffer) = device.size_bytes() / device.simple_block_bytes();
      return RES_OK;
    case GET_SECTOR_SIZE:
      *static_cast<WORD*>(buffer) = static_cast<WORD>(device.simple_block_bytes());
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

DWORD get_fattime(void) {
  const volumes::FatTime now = volumes::fat_time_of(volumes::fat_now_s);
  return DWORD{now.date} << 16 | now.time;
}

}  // extern "C"
