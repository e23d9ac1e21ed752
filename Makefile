# Short names for what people do most. The build itself is Meson's (meson.build).
#
#   make demo      train populations of neural networks on real images; draws pictures
#   make test      every test; the last line is `N passed, N failed`
#   make build     build/pbt and build/libpbt.so
#   make deps      install what any of these needs
#   make bench     measure
#   make torture   kill studies a thousand times at random instants
#   make tidy      the static checks, with the analyser's full search
#   make install   install under PREFIX (default /usr/local; DESTDIR as usual)
#
# Each target first installs what it needs and this machine lacks (tools/install-deps).

PREFIX = /usr/local
KILLS = 1000

build:
	@tools/install-deps build
	@test -f build/build.ninja || meson setup build
	ninja -C build

deps:
	@tools/install-deps build demo test

demo:
	@tools/install-deps build demo
	@$(MAKE) --no-print-directory build
	examples/fashion_mnist_c/demo

test:
	@tools/install-deps build demo test
	@tools/test

bench: build
	meson test -C build --benchmark --verbose

torture:
	@tools/install-deps build demo test
	@PBT_KILLS=$(KILLS) tools/test torture

install: build
	meson configure build --prefix '$(PREFIX)'
	meson install -C build
	@test -n '$(DESTDIR)' || ! test -w /etc/ld.so.cache || ldconfig

format:
	@tools/install-deps test
	tools/format

tidy:
	@tools/install-deps build demo test
	@tools/test deep

clean:
	rm -rf build build-sanitize build-thread

.PHONY: build deps demo test bench torture install format tidy clean
