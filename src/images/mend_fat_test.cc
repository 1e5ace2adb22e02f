#include "images/mend_fat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "images/bytes.h"
#include "images/fat_boot_sector.h"
#include "images/testing.h"
#include "volumes/volume.h"

namespace images {
namespace {

using volumes::OpenMode;

// ---- Folders and chains, by hand. -------------------------------------------------------------------

struct Mended : UsedByHand {
  FatBytes mend(bool is_guess = false) {
    EXPECT_TRUE(device.write(0, bytes).ok());
    EXPECT_TRUE(mend_fat(device, *camera, is_guess, mended).ok());
    return *FatBytes::load(device);
  }

  MendedFat mended;
};

TEST(MendFat, AChainThatIsTooLongIsSuspectWhereAnotherOneIsBroken) {
  for (const bool is_another_broken : {false, true}) {
    Mended made;
    made.fat.chain({10, 11});
    made.fat.chain({20, 21});
    if (is_another_broken) made.fat.set_entry(20, 0);
    uint8_t* const second = made.fat.put_file(made.fat.root(), "A          ", 10, 100);
    made.fat.put_file(second, "B          ", 20, 1000);
    made.mend();
    EXPECT_EQ(made.mended.sizes_of_whole_files.contains(10), !is_another_broken);
    EXPECT_EQ(made.mended.sizes_of_whole_files.contains(20), !is_another_broken);
  }
}

TEST(MendFat, WhereClustersLieByGuessNoFileIsWholeAndNoChainNamed) {
  Mended made;
  made.fat.chain({10});
  made.fat.chain({20, 21});
  made.fill(20, 'x');
  made.fat.put_file(made.fat.root(), "A          ", 10, 100);
  made.mend(true);
  EXPECT_TRUE(made.mended.sizes_of_whole_files.empty());
  EXPECT_TRUE(made.mended.remarks.empty());
}

TEST(MendFat, InALostTableAFileOfOneClusterIsWholeAndALongerOneIsNot) {
  Mended made;
  for (uint32_t n = 100; n < 120; ++n) made.fat.set_entry(n, 4000 + n);  // free ones
  made.fat.chain({10});
  made.fat.chain({20, 21});
  uint8_t* const second = made.fat.put_file(made.fat.root(), "A          ", 10, 100);
  made.fat.put_file(second, "B          ", 20, 1000);
  const FatBytes fat = made.mend();
  EXPECT_TRUE(made.mended.sizes_of_whole_files.contains(10));
  EXPECT_FALSE(made.mended.sizes_of_whole_files.contains(20)) << "although it seems to hold";
  EXPECT_GE(fat.entry(20), 0xFFF8) << "and what it leads to may be anybody's";
}

TEST(MendFat, InALostTableAFolderMayGoOnIfItIsFull) {
  for (const uint32_t entries : {15, 16}) {
    Mended made;
    for (uint32_t n = 100; n < 120; ++n) made.fat.set_entry(n, 4000 + n);
    made.fat.chain({10});
    std::fill_n(made.fat.cluster(10), 512, uint8_t{0});
    uint8_t* at =
        made.fat.put_folder(made.fat.put_folder(made.fat.cluster(10), ".          ", 10), "..         ", 0);
    for (uint32_t i = 2; i < entries; ++i) at = made.fat.put_file(at, "X          ", 0, 0);
    made.fat.put_folder(made.fat.root(), "LIB        ", 10);
    made.mend();
    EXPECT_EQ(made.mended.damaged_folders.contains(10), entries == 16);
  }
}

TEST(MendFat, ATableThatIsAllFreeWhereAFileBeginsIsLost) {
  Mended made;
  made.fat.chain({4000});  // in another block
  uint8_t* const second = made.fat.put_file(made.fat.root(), "A          ", 10, 100);
  made.fat.put_file(second, "B          ", 20, 1000);
  made.mend();
  EXPECT_TRUE(made.mended.sizes_of_whole_files.contains(10));
  EXPECT_FALSE(made.mended.sizes_of_whole_files.contains(20));
}

TEST(MendFat, ALinkIntoUnusedTableDoesNotMakeThatLost) {
  Mended made;
  made.fat.set_entry(10, 4000);
  made.fat.put_file(made.fat.root(), "A          ", 10, 1000);
  made.mend();
  EXPECT_FALSE(made.mended.sizes_of_whole_files.contains(10));
}

TEST(MendFat, WhatWasAFileIsNotCleanedAsAFolder) {
  Mended made;
  made.fat.chain({10, 11});
  made.fill(10, '\x01');
  made.fill(11, '\x02');
  uint8_t* const second = made.fat.put_folder(made.fat.root(), "GARBAGE    ", 10);
  made.fat.put_file(second, "FILE       ", 10, 1000);
  FatBytes fat = made.mend();
  EXPECT_TRUE(is_filled_with(std::as_const(fat).cluster(10), 1));
  EXPECT_EQ(fat.root()[0], kFatDeleted);
  EXPECT_TRUE(made.mended.sizes_of_whole_files.contains(10));
}

TEST(MendFat, AWhitePictureIsNotCleanedAsAFolderThatWasErased) {
  Mended made;
  made.fat.chain({10, 11});  // blank
  uint8_t* const second = made.fat.put_folder(made.fat.root(), "GARBAGE    ", 10);
  second[-32 + 11] = 0x90;  // no attributes that there are
  made.fat.put_file(second, "FILE       ", 10, 1000);
  FatBytes fat = made.mend();
  EXPECT_TRUE(is_filled_with(std::as_const(fat).cluster(10), 0xFF));
  EXPECT_TRUE(made.mended.sizes_of_whole_files.contains(10));
}

TEST(MendFat, ALongChainThroughABlankTableNamesNothing) {
  Mended made;
  std::vector<uint32_t> chain;
  for (uint32_t n = 1000; n < 3000; ++n) chain.push_back(n);
  made.fat.chain(chain);
  for (uint32_t n = 1000; n < 3000; ++n) made.fill(n, 'x');
  for (uint32_t n = 1792; n < 3840; ++n) made.fat.set_entry(n, 0xFFFF);  // a block of 4 KiB
  made.fat.put_file(made.fat.root(), "A          ", 1000, 2000 * 512);
  made.mend();
  EXPECT_TRUE(made.mended.remarks.empty());
  EXPECT_FALSE(made.mended.sizes_of_whole_files.contains(1000));
}

TEST(MendFat, AFolderThatWasRemovedGivesNothingToOthersFiles) {
  for (const bool is_reused : {true, false}) {
    Mended made;
    std::fill_n(made.fat.cluster(10), 512, uint8_t{0});
    made.fat.put_file(made.fat.cluster(10), "OLD        ", 20, 100);  // of a folder that is free
    made.fat.chain({is_reused ? 20u : 21u});
    uint8_t* const second = made.fat.put_file(made.fat.root(), "NEW        ", is_reused ? 20 : 21, 100);
    made.fat.put_folder(second, "BROKEN     ", 30);  // so that folders are looked for everywhere
    std::fill_n(made.fat.cluster(30), 512, uint8_t{0});
    made.fat.put_folder(made.fat.put_folder(made.fat.cluster(30), ".          ", 30), "..         ", 0);
    made.mend();
    EXPECT_TRUE(made.mended.sizes_of_whole_files.contains(is_reused ? 20 : 21));
    EXPECT_EQ(made.mended.remarks.size(), is_reused ? 0u : 1u);
  }
}

TEST(BridgeFatTable, LeadsToTheNextClusterWhereNothingElseCanBeRight) {
  HandMade made(16, 5000);
  made.fat.chain({10, 15, 11});
  made.fat.set_entry(20, 4000);  // a free one
  made.fat.set_entry(30, 41);
  made.fat.set_entry(40, 41);  // of which both lead to the same
  made.fat.chain({41});
  made.fat.set_entry(50, 6000);  // nowhere
  ASSERT_TRUE(made.device.write(0, made.bytes).ok());
  ASSERT_TRUE(bridge_fat_table(made.device).ok());
  const FatBytes fat = *FatBytes::load(made.device);
  EXPECT_EQ(fat.entry(10), 15u);
  EXPECT_EQ(fat.entry(15), 11u);
  EXPECT_EQ(fat.entry(11), 12u) << "an end";
  EXPECT_EQ(fat.entry(20), 21u);
  EXPECT_EQ(fat.entry(30), 31u);
  EXPECT_EQ(fat.entry(40), 41u);
  EXPECT_EQ(fat.entry(50), 51u);
}

TEST(MendFat, AFolderThatLeadsIntoAFileEndsBeforeIt) {
  Mended made;
  made.fat.chain({10, 20, 21});
  made.fill(20, '\x01');
  std::fill_n(made.fat.cluster(10), 512, uint8_t{0});
  made.fat.put_folder(made.fat.put_folder(made.fat.cluster(10), ".          ", 10), "..         ", 0);
  made.fat.put_file(made.fat.put_folder(made.fat.root(), "LIB        ", 10), "FILE       ", 20, 1000);
  const FatBytes fat = made.mend();
  EXPECT_GE(fat.entry(10), 0xFFF8);
  EXPECT_TRUE(is_filled_with(fat.cluster(20), 1));
  EXPECT_THAT(made.mended.damaged_folders, testing::ElementsAre(10u));
  EXPECT_TRUE(made.mended.sizes_of_whole_files.contains(20));
}

TEST(MendFat, AnEntryThatLeadsToAFreeClusterIsNoFolder) {
  for (const bool is_taken : {true, false}) {
    Mended made;
    if (is_taken) made.fat.chain({10});
    made.fat.chain({20});
    made.fat.put_file(made.fat.put_folder(made.fat.root(), "LIB        ", 10), "FILE       ", 20, 100);
    FatBytes fat = made.mend();
    EXPECT_EQ(fat.root()[0], is_taken ? 'L' : kFatDeleted) << "one that is taken was erased, perhaps";
  }
}

TEST(MendFat, AStrayChainEndsWhereAFileBegins) {
  Mended made;
  made.fat.chain({10, 11});
  made.fat.set_entry(30, 11);
  made.fill(30, 'x');
  made.fat.put_file(made.fat.root(), "A          ", 10, 1000);
  const FatBytes fat = made.mend();
  EXPECT_GE(fat.entry(30), 0xFFF8);
  EXPECT_THAT(made.mended.remarks, testing::ElementsAre("what no folder leads to is saved as LOST0001"));
  EXPECT_TRUE(made.mended.sizes_of_whole_files.contains(10));
  EXPECT_EQ(made.mended.sizes_of_whole_files.at(30), 512u);
}

TEST(MendFat, AStrayChainInACircleIsNamedOnce) {
  Mended made;
  made.fat.set_entry(30, 31);
  made.fat.set_entry(31, 30);
  made.fill(30, 'x');
  made.mend();
  EXPECT_EQ(made.mended.sizes_of_whole_files.at(30), 1024u);
}

// ---- Any damage in front of the clusters: what is taken as whole is whole. --------------------------

struct Damage {
  const char* name;
  uint8_t (*of)(uint8_t old, std::mt19937& numbers);
};
constexpr Damage kDamages[] = {
    {"blank", [](uint8_t, std::mt19937&) -> uint8_t { return 0xFF; }},
    {"zeros", [](uint8_t, std::mt19937&) -> uint8_t { return 0; }},
    {"some ones", [](uint8_t old, std::mt19937& n) { return static_cast<uint8_t>(old | (n() & n() & n())); }},
    {"random", [](uint8_t, std::mt19937& n) { return static_cast<uint8_t>(n()); }},
};

class Damaged : public testing::TestWithParam<const char*> {
 protected:
  Damaged() : ram_(GetParam()), volume_(volumes::make_fat(ram_.device)) {
    EXPECT_TRUE(volume_->format().ok() && volume_->mount().ok());
    EXPECT_TRUE(volume_->make_directory("/lib").ok());
    const uint32_t size = ram_.device.size_bytes();
    for (unsigned i = 0; i < (size > 1 << 20 ? 40 : 10); ++i) {
      const std::string path = (i % 3 == 0 ? "/file " : "/lib/a module of the library ") + std::to_string(i);
      add(path, random(size > 1 << 20 ? 9000 : 1500));
    }
    volume_->unmount();
    whole_.resize(size);
    EXPECT_TRUE(ram_.device.read(0, whole_).ok());
  }

  void add(const std::string& path, size_t size_bytes) {
    Bytes& content = contents_[path];
    content.resize(size_bytes);
    for (uint8_t& byte : content) byte = static_cast<uint8_t>(numbers_());
    std::unique_ptr<volumes::File> file;
    ASSERT_TRUE(volume_->open(path, OpenMode::kCreate, file).ok() && file->write(content).ok() &&
                file->close().ok());
  }

  void damage(uint32_t at, uint32_t length, const Damage& how) {
    Bytes bytes = whole_;
    for (uint32_t i = at; i < at + length; ++i) bytes[i] = how.of(bytes[i], numbers_);
    ASSERT_TRUE(ram_.device.write(0, bytes).ok());
  }

  // Of those that are taken as whole; -1: the volume is not to be mounted.
  int mend_and_compare() {
    FatBootSector boot;
    MendedFat mended;
    const bool mounts = volume_->mount().ok();
    volume_->unmount();
    const uint32_t likely[] = {ram_.device.size_bytes()};
    if (!mend_fat_boot_sector(ram_.device, *ram_.camera, mounts, likely, boot).ok()) return -1;
    EXPECT_TRUE(mend_fat(ram_.device, *ram_.camera, !boot.is_certain, mended).ok());
    EXPECT_TRUE(volume_->mount().ok());
    int whole = 0;
    for (const auto& [path, content] : contents_) whole += compare(path, content, mended);
    volume_->unmount();
    return whole;
  }

  int compare(const std::string& path, const Bytes& content, const MendedFat& mended) {
    std::unique_ptr<volumes::File> file;
    if (!volume_->open(path, OpenMode::kRead, file).ok()) return 0;
    const auto known = mended.sizes_of_whole_files.find(file->first_cluster());
    if (file->size_bytes() != content.size() || known == mended.sizes_of_whole_files.end() ||
        known->second != content.size()) {
      return 0;
    }
    Bytes read(content.size());
    size_t done = 0;
    EXPECT_TRUE(file->read(read, done).ok() && done == read.size() && read == content) << path;
    return 1;
  }

  uint32_t random(uint32_t below) { return static_cast<uint32_t>(numbers_() % below); }

  uint32_t end_of_root() { return FatBytes::load(ram_.device)->layout().data_offset; }

  std::mt19937 numbers_{1};
  RamCamera ram_;
  std::unique_ptr<volumes::Volume> volume_;
  std::map<std::string, Bytes> contents_;
  Bytes whole_;
};
INSTANTIATE_TEST_SUITE_P(Boards, Damaged, testing::Values("OPENMV2", "OPENMV3", "OPENMV_N6"));

TEST_P(Damaged, WhatIsTakenAsWholeIsWhole) {
  const uint32_t end = end_of_root(), block = ram_.device.simple_block_bytes();
  const int rounds = ram_.device.size_bytes() > 1 << 20 ? 5 : 40;
  int whole = 0;
  for (const Damage& how : kDamages) {
    for (int round = 0; round < rounds; ++round) {
      const uint32_t length = std::min(end, block << random(4));
      const uint32_t at = random(end - length + 1) / block * block;
      SCOPED_TRACE(testing::Message() << how.name << " at " << at << ", " << length << " bytes");
      damage(at, length, how);
      whole += std::max(mend_and_compare(), 0);
    }
  }
  EXPECT_GT(whole, rounds) << "or this says nothing";
}

TEST_P(Damaged, WithoutDamageAllOfItIsWhole) {
  EXPECT_EQ(mend_and_compare(), static_cast<int>(contents_.size()));
}

TEST_P(Damaged, ABootSectorAloneCostsNothing) {
  for (const Damage& how : kDamages) {
    damage(0, ram_.device.simple_block_bytes(), how);
    EXPECT_EQ(mend_and_compare(), static_cast<int>(contents_.size())) << how.name;
  }
}

TEST_P(Damaged, ANumberInTheBootSectorThatStillMounts) {
  whole_[18] |= 1;  // 256 entries more in the root
  damage(0, 0, kDamages[0]);
  EXPECT_EQ(mend_and_compare(), static_cast<int>(contents_.size()));
}

}  // namespace
}  // namespace images
