#include "micropython/pyb/ftl_glue.h"

#include <memory>
#include <new>
#include <span>
#include <type_traits>

#include "flash/block_device.h"
#include "flash/storage_nor.h"
#include "ftl/ftl.h"
#include "micropython/pyb/flash_glue.h"

namespace {

using flash::Status;

// The storage as the layer sees it, and the layer.
struct Layer {
  Layer(flash::Storage& storage, const ftl::Layout& layout)
      : nor(storage), rewriter(storage), blocks(nor, layout, &rewriter) {}

  flash::StorageNor nor;
  ftl::StorageRewriter rewriter;
  ftl::Ftl blocks;
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

ftl::Ftl& layer_in(ftl_glue_t* room) {
  return std::launder(reinterpret_cast<Layer*>(room->words))->blocks;
}

const ftl::Ftl& layer_in(const ftl_glue_t* room) {
  return std::launder(reinterpret_cast<const Layer*>(room->words))->blocks;
}

}  // namespace

int ftl_glue_init(ftl_glue_t* layer, uint32_t start, uint32_t len) {
  flash::Storage* storage = flash_glue_storage();
  ftl::Layout layout;
  const flash::StorageNor nor(*storage);
  const Status status = ftl::make_layout(nor.geometry(), start, len, layout);
  if (status.ok()) std::construct_at(reinterpret_cast<Layer*>(layer->words), *storage, layout);
  return status.value();
}

int ftl_glue_mount(ftl_glue_t* layer, ftl_finding_t* finding) {
  ftl::Finding found = ftl::Finding::kForeign;
  const Status status = layer_in(layer).mount(found);
  *finding = static_cast<ftl_finding_t>(found);
  return status.value();
}

int ftl_glue_format(ftl_glue_t* layer) {
  return layer_in(layer).format().value();
}

uint32_t ftl_glue_block_count(const ftl_glue_t* layer) {
  return layer_in(layer).block_count();
}

int ftl_glue_read(ftl_glue_t* layer, int64_t block, void* buf, size_t len) {
  return layer_in(layer).read(flash::to_number(block), {static_cast<uint8_t*>(buf), len}).value();
}

int ftl_glue_write(ftl_glue_t* layer, int64_t block, const void* buf, size_t len) {
  return layer_in(layer).write(flash::to_number(block), {static_cast<const uint8_t*>(buf), len}).value();
}

int ftl_glue_trim(ftl_glue_t* layer, int64_t block, int64_t count) {
  return layer_in(layer).trim(flash::to_number(block), flash::to_number(count)).value();
}

int ftl_glue_sync(ftl_glue_t* layer) {
  return layer_in(layer).sync().value();
}

int ftl_glue_poll(ftl_glue_t* layer, bool* is_done) {
  return layer_in(layer).poll(*is_done).value();
}
