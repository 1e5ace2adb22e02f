#include "chipmap/littlefs_reader.h"

#include <lfs2.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <iterator>
#include <string>
#include <vector>

#include "chipmap/little_endian.h"
#include "chipmap/unicode.h"
#include "flash/geometry.h"

namespace chipmap {

namespace {

// Of lfs2_file_t::flags; littlefs keeps the name to itself (LFS2_F_INLINE).
constexpr uint32_t kFlagInline = 0x100000;

class LittlefsSurvey {
 public:
  LittlefsSurvey(ChipMap& map, uint32_t offset, const LittlefsLayout& layout)
      : map_(map),
        base_(offset),
        layout_(layout),
        bytes_(map.bytes().subspan(offset, layout.size_bytes())),
        seen_(layout.block_count),
        read_buffer_(layout.block_bytes),
        program_buffer_(layout.block_bytes),
        file_buffer_(layout.block_bytes) {
    config_.context = this;
    config_.read = read;
    config_.prog = [](auto...) -> int { return LFS2_ERR_IO; };
    config_.erase = [](auto...) -> int { return LFS2_ERR_IO; };
    config_.sync = [](auto...) -> int { return LFS2_ERR_OK; };
    config_.read_size = config_.prog_size = config_.cache_size = layout.block_bytes;
    config_.block_size = layout.block_bytes;
    config_.block_count = layout.block_count;
    config_.block_cycles = -1;
    config_.lookahead_size = static_cast<lfs2_size_t>(lookahead_buffer_.size());
    config_.read_buffer = read_buffer_.data();
    config_.prog_buffer = program_buffer_.data();
    config_.lookahead_buffer = lookahead_buffer_.data();
  }

  void run() {
    const uint32_t superblock = map_.add_owner("superblock");
    for (const lfs2_block_t block : {0u, 1u}) claim(block, Content::kMetadata, superblock);
    if (const int error = lfs2_mount(&fs_, &config_); error != 0) {
      return map_.add_fault("the littlefs does not mount (error " + std::to_string(error) + ")");
    }
    walk("/", 0);
    rest_ = map_.add_owner("filesystem");
    const auto enter_rest = [](void* survey, lfs2_block_t block) {
      static_cast<LittlefsSurvey*>(survey)->claim_rest(block);
      return 0;
    };
    if (lfs2_fs_traverse(&fs_, enter_rest, this) != 0) map_.add_fault("the littlefs is damaged");
    lfs2_unmount(&fs_);
  }

 private:
  static int read(const lfs2_config* config, lfs2_block_t block, lfs2_off_t offset, void* out,
                  lfs2_size_t size) {
    const auto& survey = *static_cast<const LittlefsSurvey*>(config->context);
    if (block >= config->block_count) return LFS2_ERR_CORRUPT;
    std::memcpy(out, &survey.bytes_[block * config->block_size + offset], size);
    return LFS2_ERR_OK;
  }

  bool is_block(lfs2_block_t block) const { return block < layout_.block_count; }

  void claim(lfs2_block_t block, Content content, uint32_t owner) {
    if (!is_block(block)) return;
    seen_[block] = true;
    map_.claim(base_ + block * layout_.block_bytes, layout_.block_bytes, content, owner);
  }

  // What littlefs uses and no path leads to: the tail of its list of directories, say.
  void claim_rest(lfs2_block_t block) {
    if (is_block(block) && !seen_[block]) claim(block, Content::kMetadata, rest_);
  }

  static std::string join(const std::string& folder, const char* name) {
    return folder == "/" ? folder + name : folder + "/" + name;
  }

  void walk(const std::string& path, unsigned depth) {
    if (depth > kMaxFolderDepth) return map_.add_unseen(path);
    lfs2_dir_t dir = {};
    if (lfs2_dir_open(&fs_, &dir, path.c_str()) != 0) {
      return map_.add_fault(printable(path) + " cannot be read");
    }
    // Damage can make folders hold each other.
    const bool is_known = std::all_of(std::begin(dir.m.pair), std::end(dir.m.pair),
                                      [this](lfs2_block_t block) { return is_block(block) && seen_[block]; });
    if (depth > 0 && is_known) {
      lfs2_dir_close(&fs_, &dir);
      return map_.add_fault(printable(path) + " shares blocks with another folder");
    }
    const uint32_t owner = map_.add_owner(printable(path));
    std::vector<std::string> folders;
    lfs2_info info;
    int more;
    do {
      // A directory may be longer than one pair of blocks; this is the one that `dir` has come to.
      for (const lfs2_block_t block : dir.m.pair) claim(block, Content::kDirectory, owner);
      more = lfs2_dir_read(&fs_, &dir, &info);
      if (more <= 0 || std::strcmp(info.name, ".") == 0 || std::strcmp(info.name, "..") == 0) continue;
      const std::string inner = join(path, info.name);
      if (info.type == LFS2_TYPE_DIR) {
        folders.push_back(inner);
      } else {
        enter_file(inner);
      }
    } while (more > 0);
    if (more < 0) map_.add_fault(printable(path) + " cannot be read to its end");
    lfs2_dir_close(&fs_, &dir);
    for (const std::string& folder : folders) walk(folder, depth + 1);
  }

  void enter_file(const std::string& path) {
    lfs2_file_t file = {};
    const lfs2_file_config file_config = {.buffer = file_buffer_.data(), .attrs = nullptr, .attr_count = 0};
    if (lfs2_file_opencfg(&fs_, &file, path.c_str(), LFS2_O_RDONLY, &file_config) != 0) {
      return map_.add_fault(printable(path) + " cannot be opened");
    }
    const uint32_t owner = map_.add_owner(printable(path), file.ctz.size);
    // A small file is inside its directory's blocks.
    if ((file.flags & kFlagInline) == 0) follow_blocks(file.ctz.head, file.ctz.size, owner);
    lfs2_file_close(&fs_, &file);
  }

  // A file is a list from its last block back to its first. Block n > 0 starts with pointers of four bytes,
  // one more than n has trailing zero bits; the first of them leads to block n - 1 (littlefs, DESIGN.md).
  void follow_blocks(lfs2_block_t head, uint32_t size_bytes, uint32_t owner) {
    constexpr uint32_t kPointerBytes = 4;
    uint32_t last = 0;
    for (uint64_t capacity = layout_.block_bytes; capacity < size_bytes;) {
      ++last;
      capacity += layout_.block_bytes - kPointerBytes * (1 + static_cast<uint32_t>(std::countr_zero(last)));
    }
    lfs2_block_t block = head;
    for (uint32_t n = last;; --n) {
      if (!is_block(block)) return map_.add_fault(map_.owners()[owner].name + " leads outside the volume");
      claim(block, Content::kFile, owner);
      if (n == 0) return;
      block = get_le32(&bytes_[block * layout_.block_bytes]);
    }
  }

  ChipMap& map_;
  uint32_t base_;
  LittlefsLayout layout_;
  std::span<const uint8_t> bytes_;
  std::vector<bool> seen_;
  uint32_t rest_ = kNobody;
  lfs2_t fs_ = {};
  lfs2_config config_ = {};
  std::vector<uint8_t> read_buffer_, program_buffer_, file_buffer_;
  std::array<uint8_t, 32> lookahead_buffer_ = {};
};

}  // namespace

std::optional<LittlefsLayout> recognise_littlefs(std::span<const uint8_t> bytes, uint32_t start,
                                                 uint32_t native_block_bytes, bool follows_volume) {
  LittlefsHeads heads;
  for (uint32_t block = 0; block < heads.size(); ++block) {
    const uint32_t at = block * native_block_bytes;
    if (flash::in_range(at, kLittlefsHeadBytes, bytes.size()))
      heads[block] = bytes.subspan(at, kLittlefsHeadBytes);
  }
  return littlefs_at(heads, {start, native_block_bytes, bytes.size(), follows_volume});
}

void survey_littlefs(ChipMap& map, uint32_t offset, const LittlefsLayout& layout) {
  const auto size_bytes = static_cast<uint32_t>(layout.size_bytes());
  if (layout.version == 2) {
    map.add_volume({"littlefs v2", offset, size_bytes, {}});
    return LittlefsSurvey(map, offset, layout).run();
  }
  map.add_volume({"littlefs v1", offset, size_bytes, {}});
  const uint32_t owner = map.add_owner("littlefs v1");
  for (uint32_t at = offset; at < offset + size_bytes; at += kUnitBytes) {
    if (!map.is_blank(at, kUnitBytes)) map.claim(at, kUnitBytes, Content::kUnknown, owner);
  }
}

}  // namespace chipmap
