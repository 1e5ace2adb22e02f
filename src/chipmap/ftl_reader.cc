#include "chipmap/ftl_reader.h"

#include <algorithm>
#include <string>

#include "chipmap/fat_reader.h"

namespace chipmap {

namespace {

using flash::Error;
using flash::Status;

// The chip as it lies in memory, for code that reads through a driver.
class MemoryNor final : public flash::NorFlash {
 public:
  MemoryNor(const flash::Geometry& geometry, const sim::CellMemory& memory)
      : NorFlash(geometry), memory_(memory) {}

 private:
  Status do_read(uint32_t offset, uint8_t* out, uint32_t length) override {
    const uint32_t word_bytes = geometry().program_unit_bytes;
    const uint32_t last = offset + length - 1;
    for (uint32_t word = offset / word_bytes; word <= last / word_bytes; ++word) {
      if (is_broken(word)) return Error::kIo;
    }
    std::copy_n(memory_.bytes.begin() + offset, length, out);
    return {};
  }
  Status do_program(uint32_t, const uint8_t*, uint32_t) override { return Error::kNotSupported; }
  Status do_erase(uint32_t, uint32_t) override { return Error::kNotSupported; }

  bool is_broken(uint32_t word) const {
    return !memory_.broken_words.empty() && (memory_.broken_words[word / 8] >> word % 8 & 1) != 0;
  }

  const sim::CellMemory& memory_;
};

class Collector final : public ftl::BlockVisitor {
 public:
  explicit Collector(FoundLayer& layer) : layer_(layer) {}

  void visit(uint32_t block, ftl::Location at, std::span<const uint8_t> data) override {
    layer_.locations[block] = at;
    layer_.is_damaged[block] = data.empty();
    std::copy(data.begin(), data.end(), layer_.content.begin() + block * ftl::kBlockBytes);
  }

 private:
  FoundLayer& layer_;
};

std::optional<FoundLayer> read_layer(flash::NorFlash& nor, uint32_t offset, uint32_t size_bytes) {
  ftl::Layout layout;
  if (!ftl::make_layout(nor.geometry(), offset, size_bytes, layout).ok()) return {};
  FoundLayer layer;
  layer.locations.assign(layout.block_count, ftl::kNowhere);
  layer.is_damaged.assign(layout.block_count, false);
  layer.content.assign(size_t{layout.block_count} * ftl::kBlockBytes, 0);
  Collector collector(layer);
  const Status status = ftl::check(nor, offset, size_bytes, layer.report, &collector);
  if (!status.ok() || layer.report.finding != ftl::Finding::kSound) return {};
  return layer;
}

class LayerSurvey {
 public:
  LayerSurvey(ChipMap& map, const FoundLayer& layer)
      : map_(map), layer_(layer), layout_(layer.report.layout) {}

  void run() {
    const auto fat = recognise_fat(layer_.content);
    map_.add_volume({(fat ? name_of(*fat) + " on a " : "") + std::string("translation layer"),
                     layer_.offset(), layer_.size_bytes(), use()});
    add_faults();
    claim_log();
    // That the map is empty stands in a record of its own, without a block.
    if (layer_.report.live_blocks == 0) {
      claim_record(layer_.report.last_commit, Content::kMetadata, map_.add_owner("map of the layer"));
    }
    // FAT does not tell the layer which of its clusters have become free.
    claim_blocks(0, layout_.block_count, fat ? Content::kOutdated : Content::kUnknown,
                 map_.add_owner(fat ? "free clusters" : "blocks of the layer"));
    if (!fat) return;
    const auto claim = [this](uint32_t at, uint32_t length, Content content, uint32_t owner) {
      claim_blocks(at / ftl::kBlockBytes, (at + length) / ftl::kBlockBytes, content, owner);
    };
    survey_fat(map_, {layer_.content, claim}, *fat);
  }

 private:
  LogUse use() const {
    const ftl::CheckReport& report = layer_.report;
    return {layout_.segment_bytes, layout_.segment_count, report.tail,
            report.used_segments,  layout_.block_count,   report.live_blocks};
  }

  void add_faults() {
    const ftl::CheckReport& report = layer_.report;
    if (report.damaged_blocks > 0) {
      map_.add_fault("translation layer: " + std::to_string(report.damaged_blocks) + " of " +
                     std::to_string(report.live_blocks) + " blocks cannot be read, the first is block " +
                     std::to_string(report.first_damaged_block));
    }
    if (report.map_is_damaged) map_.add_fault("translation layer: the map is damaged, blocks may be missing");
  }

  // Records are a little longer than units: their ends go to the nearest.
  static uint32_t nearest_unit(uint32_t offset) {
    return (offset + kUnitBytes / 2) / kUnitBytes * kUnitBytes;
  }
  void claim_record(ftl::Location at, Content content, uint32_t owner) {
    const uint32_t begin = nearest_unit(layout_.offset_of(at));
    map_.claim(begin, nearest_unit(layout_.offset_of(at) + layout_.record_bytes()) - begin, content, owner);
  }

  void claim_blocks(uint32_t begin, uint32_t end, Content content, uint32_t owner) {
    for (uint32_t block = begin; block < end; ++block) {
      const ftl::Location at = layer_.locations[block];
      if (at >= ftl::kLost) continue;
      claim_record(at, layer_.is_damaged[block] ? Content::kDamaged : content, owner);
    }
  }

  // All that was ever programmed between tail and head.
  void claim_log() {
    for (uint32_t i = 0; i < layer_.report.used_segments; ++i) {
      const uint32_t segment = (layer_.report.tail + i) % layout_.segment_count;
      const uint32_t owner = map_.add_owner("segment " + std::to_string(segment) + " of the log");
      const uint32_t begin = layout_.segment_offset(segment), end = begin + layout_.segment_bytes;
      for (uint32_t at = begin; at < end; at += kUnitBytes) {
        if (!map_.is_blank(at, kUnitBytes)) map_.claim(at, kUnitBytes, Content::kOutdated, owner);
      }
    }
  }

  ChipMap& map_;
  const FoundLayer& layer_;
  const ftl::Layout& layout_;
};

}  // namespace

std::optional<FoundLayer> recognise_layer(const boards::Board& board, const sim::CellMemory& memory,
                                          uint32_t from, uint32_t at, uint32_t end) {
  const ftl::LogExtent extent =
      ftl::extent_of(std::span<const uint8_t>(memory.bytes).subspan(at, ftl::kSegmentHeaderBytes));
  const uint64_t size_bytes = uint64_t{extent.segment_bytes} * extent.segment_count;
  const uint64_t before = uint64_t{extent.segment_bytes} * extent.segment;
  if (size_bytes == 0 || before > at - from) return {};
  const auto offset = static_cast<uint32_t>(at - before);
  if (!flash::in_range(offset, size_bytes, end)) return {};
  MemoryNor nor(board.part->geometry, memory);
  return read_layer(nor, offset, static_cast<uint32_t>(size_bytes));
}

void survey_layer(ChipMap& map, const FoundLayer& layer) {
  LayerSurvey(map, layer).run();
}

}  // namespace chipmap
