#include "flash/storage_nor.h"

namespace flash {

StorageNor::StorageNor(Storage& storage) : NorFlash(Geometry{}), storage_(storage) {
  Geometry geometry = storage.nor().geometry();
  const uint32_t sector_bytes = geometry.sector_bytes_at(storage.offset());
  region_ = {sector_bytes, storage.size_bytes() / sector_bytes};
  geometry.regions = {&region_, 1};
  // Aligned here must be aligned there.
  for (uint32_t& bytes : geometry.large_erase_bytes) {
    if (bytes != 0 && storage.offset() % bytes != 0) bytes = 0;
  }
  set_geometry(geometry);
}

}  // namespace flash
