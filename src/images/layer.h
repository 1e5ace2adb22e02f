// The translation layer in an image: what lies on it is looked at through it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "boards/camera.h"
#include "volumes/ftl_device.h"

namespace images {

// What a new filesystem goes on: the storage, or a translation layer that is formatted here.
std::unique_ptr<volumes::BlockDevice> new_device(boards::Camera& camera, bool has_layer,
                                                 flash::Status& status);

// How many blocks such a layer has for a filesystem.
uint32_t blocks_of_layer(boards::Camera& camera);
inline constexpr uint32_t kLeastBlocksOfFat = 50;  // FatFs formats nothing smaller

// Where its log begins; of a slice that no layer fits into, nowhere.
std::optional<uint32_t> start_of_layer(flash::Storage& storage, uint32_t start, uint32_t end);

// The layer that lies there in the storage. Null: no translation layer is there, or none that can be used.
std::unique_ptr<volumes::FtlDevice> mount_layer(flash::Storage& storage, uint32_t start, uint32_t end);

// "a translation layer that is damaged", where there are traces of one that cannot be used; else empty.
std::string describe_remains_of_layer(boards::Camera& camera, uint32_t start, uint32_t end);

}  // namespace images
