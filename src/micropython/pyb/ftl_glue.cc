#include "micropython/pyb/ftl_glue.h"

#include <memory>
#include <new>
#include <span>
#include <type_traits>

#include "flash/block_device.h"
#include "flash/storage_nor.h"
#include "ftl/claims.h"
#include "ftl/ftl.h"
#include "micropython/pyb/flash_glue.h"
#include "micropython/pyb/whole_read.h"

namespace {

using flash::Status;

ftl::Claims claims;

// The storage as the layer sees it, and the layer.
struct Layer {
  Layer(flash::Storage& storage, uint32_t slice_offset, uint32_t slice_bytes, const ftl::Layout& layout)
      : nor(storage),
        rewriter(storage),
        blocks(nor, layout, &rewriter),
        offset(slice_offset),
        size_bytes(slice_bytes) {}

  void claim() { ticket = claims.claim(offset, size_bytes); }

  flash::StorageNor nor;
  ftl::StorageRewriter rewriter;
  ftl::Ftl blocks;
  uint32_t offset;
  uint32_t size_bytes;
  uint32_t ticket = 0;
};

static_assert(sizeof(Layer) <= sizeof(ftl_glue_t));
static_assert(alignof(Layer) <= alignof(ftl_glue_t));
static_assert(std::is_trivially_destructible_v<Layer>);

static_assert(static_cast<int>(ftl::Finding::kSound) == FTL_SOUND);
static_assert(static_cast<int>(ftl::Finding::kBlank) == FTL_BLANK);
static_assert(static_cast<int>(ftl::Finding::kForeign) == FTL_FOREIGN);
static_assert(static_cast<int>(ftl::Finding::kOtherVersion) == FTL_OTHER_VERSION);
static_assert(static_cast<int>(ftl::Finding::kOtherLayout) == FTL_OTHER_LAYOUT);
static_assert(static_cast<int>(ftl::Finding::kDamaged) == FTL_DAMAGED);

Layer& layer_in(ftl_glue_t* room) {
  return *std::launder(reinterpret_cast<Layer*>(room->words));
}

const Layer& layer_in(const ftl_glue_t* room) {
  return *std::launder(reinterpret_cast<const Layer*>(room->words));
}

// What the layer answers, if it still has its slice.
template <typename Call>
Status ask(ftl_glue_t* room, Call call) {
  Layer& layer = layer_in(room);
  if (!claims.holds(layer.ticket, layer.offset, layer.size_bytes)) return flash::Error::kNoDevice;
  return call(layer.blocks);
}

}  // namespace

int ftl_glue_init(ftl_glue_t* layer, uint32_t start, uint32_t len) {
  flash::Storage* storage = flash_glue_storage();
  ftl::Layout layout;
  const flash::StorageNor nor(*storage);
  const Status status = ftl::make_layout(nor.geometry(), start, len, layout);
  if (status.ok()) std::construct_at(reinterpret_cast<Layer*>(layer->words), *storage, start, len, layout);
  return status.value();
}

int ftl_glue_mount(ftl_glue_t* layer, ftl_finding_t* finding) {
  ftl::Finding found = ftl::Finding::kForeign;
  const Status status = layer_in(layer).blocks.mount(found);
  if (status.ok() && found == ftl::Finding::kSound) layer_in(layer).claim();
  *finding = static_cast<ftl_finding_t>(found);
  return status.value();
}

int ftl_glue_format(ftl_glue_t* layer) {
  layer_in(layer).claim();
  return layer_in(layer).blocks.format().value();
}

uint32_t ftl_glue_block_count(const ftl_glue_t* layer) {
  return layer_in(layer).blocks.block_count();
}

int ftl_glue_read(ftl_glue_t* layer, int64_t block, void* buf, size_t len) {
  return read_whole(buf, len, [=](std::span<uint8_t> out) {
    return ask(layer, [=](ftl::Ftl& blocks) { return blocks.read(flash::to_number(block), out); });
  });
}

int ftl_glue_write(ftl_glue_t* layer, int64_t block, const void* buf, size_t len) {
  const std::span<const uint8_t> data(static_cast<const uint8_t*>(buf), len);
  return ask(layer, [=](ftl::Ftl& blocks) { return blocks.write(flash::to_number(block), data); }).value();
}

int ftl_glue_trim(ftl_glue_t* layer, int64_t block, int64_t count) {
  return ask(layer,
             [=](ftl::Ftl& blocks) { return blocks.trim(flash::to_number(block), flash::to_number(count)); })
      .value();
}

int ftl_glue_sync(ftl_glue_t* layer) {
  return ask(layer, [](ftl::Ftl& blocks) { return blocks.sync(); }).value();
}

int ftl_glue_poll(ftl_glue_t* layer, bool* is_done) {
  return ask(layer, [=](ftl::Ftl& blocks) { return blocks.poll(*is_done); }).value();
}
