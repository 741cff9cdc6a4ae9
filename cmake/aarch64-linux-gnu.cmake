# Toolchain for 64-bit Arm on another processor, with qemu to run what is built.
# tools/emulate_neon makes the folder that PELLUCID_ARM64_ROOT names: unpacked
# arm64 packages of what the library and its tests need. The C library and its
# headers are the cross compiler's own, so that this is no sysroot.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

# CMake's trials of the compiler read this file anew.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES PELLUCID_ARM64_ROOT)
set(root ${PELLUCID_ARM64_ROOT})
set(CMAKE_FIND_ROOT_PATH ${root})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${root})
set(ENV{PKG_CONFIG_LIBDIR}
    ${root}/usr/lib/aarch64-linux-gnu/pkgconfig:${root}/usr/share/pkgconfig)

# Libraries that libraries need, at link time; the loader finds them in `root`.
set(CMAKE_EXE_LINKER_FLAGS_INIT
    "-Wl,-rpath-link,${root}/usr/lib/aarch64-linux-gnu")
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static -L ${root})
