// QUADSPI (RM0433, 23.5) and OCTOSPI (RM0456, 28.7), whose registers the XSPI of the STM32N6 has, too.
#pragma once

#include <stdint.h>

typedef struct {
  volatile uint32_t CR, DCR, SR, FCR, DLR, CCR, AR, ABR, DR, PSMKR, PSMAR, PIR, LPTR;
} QUADSPI_TypeDef;

#if defined(STM32F7)
#define QUADSPI ((QUADSPI_TypeDef*)0xA0001000)
#else
#define QUADSPI ((QUADSPI_TypeDef*)0x52005000)
#endif

#define QUADSPI_CR_EN_Pos (0)
#define QUADSPI_CR_ABORT (1u << 1)
#define QUADSPI_CR_TCEN_Pos (3)
#define QUADSPI_CR_SSHIFT_Pos (4)
#define QUADSPI_CR_DFM_Pos (6)
#define QUADSPI_CR_FSEL_Pos (7)
#define QUADSPI_CR_FTHRES_Pos (8)
#define QUADSPI_CR_PRESCALER_Pos (24)
#define QUADSPI_DCR_CKMODE_Pos (0)
#define QUADSPI_DCR_CSHT_Pos (8)
#define QUADSPI_DCR_FSIZE_Pos (16)
#define QUADSPI_SR_TEF (1u << 0)
#define QUADSPI_SR_TCF (1u << 1)
#define QUADSPI_SR_FTF (1u << 2)
#define QUADSPI_SR_BUSY (1u << 5)
#define QUADSPI_SR_FLEVEL_Pos (8)
#define QUADSPI_FCR_CTEF (1u << 0)
#define QUADSPI_FCR_CTCF (1u << 1)
#define QUADSPI_CCR_INSTRUCTION_Pos (0)
#define QUADSPI_CCR_IMODE_Pos (8)
#define QUADSPI_CCR_ADMODE_Pos (10)
#define QUADSPI_CCR_ADSIZE_Pos (12)
#define QUADSPI_CCR_ABMODE_Pos (14)
#define QUADSPI_CCR_ABSIZE_Pos (16)
#define QUADSPI_CCR_DCYC_Pos (18)
#define QUADSPI_CCR_DMODE_Pos (24)
#define QUADSPI_CCR_FMODE_Pos (26)
#define QUADSPI_CCR_SIOO_Pos (28)
#define QUADSPI_CCR_DDRM_Pos (31)

typedef struct {
  volatile uint32_t CR, reserved_04, DCR1, DCR2, DCR3, DCR4, reserved_18[2];
  volatile uint32_t SR, FCR, reserved_28[6];
  volatile uint32_t DLR, reserved_44, AR, reserved_4C, DR, reserved_54[11];
  volatile uint32_t PSMKR, reserved_84, PSMAR, reserved_8C, PIR, reserved_94[27];
  volatile uint32_t CCR, reserved_104, TCR, reserved_10C, IR;
} OCTOSPI_TypeDef;

// XSPI2 of the STM32N6.
#define OCTOSPI1 ((OCTOSPI_TypeDef*)0x5802A000)

#define OCTOSPI_CR_EN (1u << 0)
#define OCTOSPI_CR_ABORT (1u << 1)
#define OCTOSPI_CR_DMM_Pos (6)
#define OCTOSPI_CR_MSEL_Pos (7)
#define OCTOSPI_CR_FTHRES_Pos (8)
#define OCTOSPI_CR_FMODE_Pos (28)
#define OCTOSPI_CR_FMODE_Msk (3u << 28)
#define OCTOSPI_DCR1_CKMODE_Pos (0)
#define OCTOSPI_DCR1_CSHT_Pos (8)
#define OCTOSPI_DCR1_DEVSIZE_Pos (16)
#define OCTOSPI_DCR2_PRESCALER_Pos (0)
#define OCTOSPI_SR_TEF (1u << 0)
#define OCTOSPI_SR_TCF (1u << 1)
#define OCTOSPI_SR_FTF (1u << 2)
#define OCTOSPI_SR_BUSY (1u << 5)
#define OCTOSPI_SR_FLEVEL_Pos (8)
#define OCTOSPI_FCR_CTCF (1u << 1)
#define OCTOSPI_CCR_IMODE_Pos (0)
#define OCTOSPI_CCR_ADMODE_Pos (8)
#define OCTOSPI_CCR_ADSIZE_Pos (12)
#define OCTOSPI_CCR_ABMODE_Pos (16)
#define OCTOSPI_CCR_ABSIZE_Pos (20)
#define OCTOSPI_CCR_DMODE_Pos (24)
#define OCTOSPI_CCR_DDTR_Pos (27)
#define OCTOSPI_CCR_SIOO_Pos (31)
#define OCTOSPI_TCR_DCYC_Pos (0)
#define OCTOSPI_IR_INSTRUCTION_Pos (0)
