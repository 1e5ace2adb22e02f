// An image file, opened as the camera it belongs to: to look at it, or to change it. A change is made in a
// copy, which takes the image's place when all of it has succeeded.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "boards/camera.h"
#include "images/filesystems.h"
#include "images/found_volumes.h"
#include "images/replacement.h"
#include "volumes/storage_device.h"
#include "volumes/volume.h"

namespace images {

enum class Use { kLook, kChange };

class Image {
 public:
  // `start`: where in the storage the volume begins, as in pyb.Flash(start=...).
  // Returns what was wrong, in one line, or nothing.
  std::string open(const std::string& path, const std::string& board_name, Use use, uint32_t start = 0);

  const boards::Board& board() const { return camera_->board(); }
  uint32_t start() const { return start_; }
  boards::Camera& camera() { return *camera_; }
  volumes::BlockDevice& device() { return *device_; }  // the filesystem's part of the storage
  const Content& content() const { return content_; }
  bool is_on_layer() const { return is_on_layer_; }

  // Mounts what is there. The error names it.
  std::string mount();
  volumes::Volume& volume() { return *volume_; }

  // The changed copy becomes the image.
  std::string save();

 private:
  std::string open_copy(const boards::Board& board);
  std::string find_device();
  std::string refuse_start(const FoundVolume& neighbour) const;
  void look_at_volume(uint32_t end);
  std::string describe_no_filesystem() const;

  std::string path_;
  uint32_t start_ = 0;
  bool follows_volume_ = true;
  std::unique_ptr<Replacement> copy_, copy_of_wear_;
  std::unique_ptr<boards::Camera> camera_;
  std::unique_ptr<volumes::BlockDevice> device_;
  bool is_on_layer_ = false;
  Content content_;
  std::unique_ptr<volumes::Volume> volume_;
};

// "cam.bin.wear": the wear counters beside an image.
std::string wear_path(const std::string& image_path);
// And beside the file that a link of this name leads to.
std::vector<std::string> wear_paths(const std::string& image_path);

}  // namespace images
