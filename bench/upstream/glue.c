/* Ties one variant of MicroPython's driver to firmware.h. */
#include "ports/stm32/storage.h"
#include "ports/stm32/systick.h"

void FLASH_IRQHandler(void);

systick_dispatch_t systick_dispatch_table[SYSTICK_DISPATCH_NUM_SLOTS];
const mp_obj_type_t mp_fat_vfs_type;

void led_state(int led, int state) {
  (void)led, (void)state;
}

#if MICROPY_HW_ENABLE_INTERNAL_FLASH_STORAGE

uint8_t* firmware_storage_start;
uint8_t* firmware_storage_end;
uint8_t (*firmware_ram_cache_start)[];
uint8_t (*firmware_ram_cache_end)[];

static void link_memory(void) {
  firmware_storage_start = (uint8_t*)(uintptr_t)firmware_storage_address();
  firmware_storage_end = firmware_storage_start + firmware_storage_bytes();
  uint8_t* cache = firmware_ram();
  firmware_ram_cache_start = (uint8_t(*)[])cache;
  firmware_ram_cache_end = (uint8_t(*)[])(cache + firmware_largest_sector_bytes());
}

#else

/* spiflash.c counts a quad read's dummies in bytes on four lines. */
static int bus_ioctl(void* self, uint32_t command, uintptr_t argument) {
  (void)self, (void)command, (void)argument;
  return 0;
}

static int bus_write_cmd_data(void* self, uint8_t command, size_t length, uint32_t data) {
  (void)self;
  const uint8_t bytes[] = {(uint8_t)data, (uint8_t)(data >> 8)};
  return firmware_bus_command(command, bytes, length);
}

static int bus_write_cmd_addr_data(void* self, uint8_t command, uint32_t address, size_t length,
                                   const uint8_t* data) {
  (void)self;
  return firmware_bus_write(command, address, MICROPY_HW_SPI_ADDR_IS_32BIT(address) != 0, data, length);
}

static int bus_read_cmd(void* self, uint8_t command, size_t length, uint32_t* out) {
  (void)self;
  *out = 0;
  return firmware_bus_query(command, (uint8_t*)out, length);
}

static int bus_read_cmd_qaddr_qdata(void* self, uint8_t command, uint32_t address, uint8_t dummy_bytes,
                                    size_t length, uint8_t* out) {
  (void)self;
  return firmware_bus_read(command, address, MICROPY_HW_SPI_ADDR_IS_32BIT(address) != 0, 2u * dummy_bytes,
                           out, length);
}

static const mp_qspi_proto_t bus_proto = {
    .ioctl = bus_ioctl,
    .write_cmd_data = bus_write_cmd_data,
    .write_cmd_addr_data = bus_write_cmd_addr_data,
    .read_cmd = bus_read_cmd,
    .read_cmd_qaddr_qdata = bus_read_cmd_qaddr_qdata,
};

spi_bdev_t firmware_bdev;

static void link_memory(void) {
  mp_spiflash_config_t* config = firmware_ram();
  config->bus_kind = MP_SPIFLASH_BUS_QSPI;
  config->bus.u_qspi.data = NULL;
  config->bus.u_qspi.proto = &bus_proto;
#if MICROPY_HW_SPIFLASH_ENABLE_CACHE
  static mp_spiflash_cache_t cache;
  cache.user = NULL;
  config->cache = &cache;
#endif
}

#endif

static mp_obj_t flash; /* pyb.Flash(start=0) */

/* storage_init() remembers that it ran; after a loss of power only what it does to the device is left to do.
 */
static void power_up(void) {
  link_memory();
  if (flash == mp_const_none) storage_init();
  MICROPY_HW_BDEV_IOCTL(BDEV_IOCTL_INIT, 0);
  flash = pyb_flash_new_obj(0, -1);
}

static const mp_function_t* method(unsigned name) {
  const mp_obj_dict_t* methods = pyb_flash_type.locals_dict;
  for (size_t i = 0; i < methods->used; ++i) {
    if (methods->table[i].key == MP_ROM_QSTR(name)) return methods->table[i].value;
  }
  abort();
}

static int transfer(unsigned name, uint32_t block, uint32_t offset, void* bytes, uint32_t length) {
  mp_buffer_info_t buffer = {bytes, length};
  const mp_obj_t arguments[] = {flash, MP_OBJ_NEW_SMALL_INT(block), &buffer, MP_OBJ_NEW_SMALL_INT(offset)};
  return (int)mp_obj_get_int(method(name)->variadic(4, arguments));
}

static int read_bytes(uint32_t block, uint32_t offset, uint8_t* out, uint32_t length) {
  return transfer(MP_QSTR_readblocks, block, offset, out, length);
}

static int program_bytes(uint32_t block, uint32_t offset, const uint8_t* data, uint32_t length) {
  return transfer(MP_QSTR_writeblocks, block, offset, (void*)data, length);
}

static int flash_ioctl(int command, int argument) {
  const mp_obj_t answer =
      method(MP_QSTR_ioctl)->three(flash, MP_OBJ_NEW_SMALL_INT(command), MP_OBJ_NEW_SMALL_INT(argument));
  return (int)mp_obj_get_int(answer);
}

static void tick(uint32_t now_ms) {
  const systick_dispatch_t dispatch = systick_dispatch_table[now_ms & (SYSTICK_DISPATCH_NUM_SLOTS - 1)];
  if (dispatch != NULL) dispatch(now_ms);
}

const firmware_driver_t FIRMWARE_DRIVER = {
    .power_up = power_up,
    .read_blocks = storage_read_blocks,
    .write_blocks = storage_write_blocks,
    .read_bytes = read_bytes,
    .program_bytes = program_bytes,
    .ioctl = flash_ioctl,
    .tick = tick,
    .flash_interrupt = FLASH_IRQHandler,
};
