// An image file, opened as the camera it belongs to: to look at it, or to change it. A change is made in a
// copy, which takes the image's place when all of it has succeeded.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "boards/camera.h"
#include "images/filesystems.h"
#include "images/replacement.h"
#include "volumes/storage_device.h"
#include "volumes/volume.h"

namespace images {

enum class Use { kLook, kChange };

// Null: `error` says which boards there are.
const boards::Board* named_board(const std::string& name, std::string& error);

// The board that an image belongs to: `name`, or if that is empty, the one whose flash is as large and whose
// storage holds a filesystem. Null: `error` says what to do.
const boards::Board* board_of(const std::string& path, const std::string& name, std::string& error);

// The board that an image seems to belong to if it is not `board`: it has no filesystem in `board`'s storage,
// and one in that of another board whose flash is as large. Null: nothing speaks against `board`.
const boards::Board* other_board_of(const std::string& path, const boards::Board& board);

// "OPENMV4P, OPENMVPT": the boards whose images are as large as this one's. It is among them.
std::string names_of_boards_with_as_much_flash(const boards::Board& board);

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

  // Mounts what is there. The error names it.
  std::string mount();
  volumes::Volume& volume() { return *volume_; }

  // The changed copy becomes the image.
  std::string save();

 private:
  std::string open_copy(const boards::Board& board);
  std::string find_device();
  void look_at_volume(uint32_t end);
  std::string describe_no_filesystem() const;

  std::string path_;
  uint32_t start_ = 0;
  std::unique_ptr<Replacement> copy_, copy_of_wear_;
  std::unique_ptr<boards::Camera> camera_;
  std::unique_ptr<volumes::BlockDevice> device_;
  Content content_;
  std::unique_ptr<volumes::Volume> volume_;
};

// "cam.bin.wear": the wear counters beside an image.
std::string wear_path(const std::string& image_path);

}  // namespace images
