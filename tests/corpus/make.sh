#!/bin/sh
# Makes the corpus in the current folder from the pictures in base/: one file for each way in which the formats store
# pixels and what goes with them. IM is ImageMagick's convert; the other programs are called by their names.
# The name of a file says what is in it.
set -eu

b=base

# PNG: every colour type and depth, interlaced or not.
for depth in 1 2 4 8 16; do
    $IM $b/grey16.png -depth $depth -define png:color-type=0 -define png:bit-depth=$depth png-grey-$depth.png
    $IM $b/grey16.png -depth $depth -define png:color-type=0 -define png:bit-depth=$depth -interlace PNG \
        png-grey-$depth-interlaced.png
done
for kind in rgb8 rgb16 rgba8 rgba16 grey-alpha8 grey-alpha16; do
    cp $b/$kind.png png-$kind.png
    $IM $b/$kind.png -interlace PNG png-$kind-interlaced.png
done
for bits in 1 2 4 8; do
    vips copy $b/rgb8.png "png-palette-$bits.png[palette,bitdepth=$bits,dither=0]"
    vips copy $b/rgb8.png "png-palette-$bits-interlaced.png[palette,bitdepth=$bits,dither=0,interlace]"
done
$IM $b/rgba8.png -channel A -threshold 50% +channel +dither -colors 60 PNG8:png-palette-transparent.png
$IM $b/rgba8.png -channel A -threshold 50% +channel -background '#010203' -alpha background \
    -define png:color-type=2 -define png:bit-depth=8 png-rgb-trns.png
$IM $b/grey-alpha8.png -channel A -threshold 50% +channel -background '#010101' -alpha background \
    -define png:color-type=0 -define png:bit-depth=8 png-grey-trns.png
$IM $b/rgb8.png -crop 1x48+7+0 +repage png-one-column.png
$IM $b/rgb8.png -crop 64x1+0+9 +repage png-one-row.png
$IM $b/rgb8.png -crop 1x1+20+9 +repage png-one-pixel.png

# JPEG: every subsampling, baseline and progressive, with restarts and arithmetic left out.
$IM $b/rgb8.png -depth 8 scene.ppm
$IM $b/grey8.png -depth 8 scene.pgm
for sampling in 1x1 2x1 1x2 2x2 4x1 4x2; do
    cjpeg -quality 95 -sample $sampling -outfile jpeg-$sampling.jpg scene.ppm
    cjpeg -quality 95 -sample $sampling -progressive -outfile jpeg-$sampling-progressive.jpg scene.ppm
done
cjpeg -quality 95 -optimize -restart 2 -outfile jpeg-restart.jpg scene.ppm
cjpeg -quality 95 -progressive -restart 1 -outfile jpeg-progressive-restart.jpg scene.ppm
cjpeg -quality 95 -rgb -outfile jpeg-rgb.jpg scene.ppm
cjpeg -quality 95 -grayscale -outfile jpeg-grey.jpg scene.pgm
cjpeg -quality 95 -grayscale -progressive -outfile jpeg-grey-progressive.jpg scene.pgm
cjpeg -quality 30 -outfile jpeg-q30.jpg scene.ppm
$IM $b/rgb8.png -colorspace CMYK -quality 95 jpeg-cmyk-adobe.jpg
vips icc_export $b/rgb8.png 'jpeg-cmyk-profile.jpg[Q=95]' --output-profile cmyk 2>/dev/null
rm -f scene.ppm scene.pgm

# WebP.
cwebp -quiet -q 95 $b/rgb8.png -o webp-lossy.webp
cwebp -quiet -q 95 $b/rgba8.png -o webp-lossy-alpha.webp
cwebp -quiet -lossless -exact $b/rgb8.png -o webp-lossless.webp
cwebp -quiet -lossless -exact $b/rgba8.png -o webp-lossless-alpha.webp
cwebp -quiet -lossless $b/grey8.png -o webp-lossless-grey.webp
cwebp -quiet -near_lossless 40 -q 90 $b/rgb8.png -o webp-near-lossless.webp

# TIFF: strips and tiles, every compression, both byte orders, planar, BigTIFF.
for kind in rgb8 rgb16 rgba8 rgba16 grey8 grey16 grey-alpha8; do
    vips copy $b/$kind.png tiff-$kind.tif
    vips copy $b/$kind.png "tiff-$kind-tiles.tif[tile,tile-width=16,tile-height=16,compression=lzw]"
    vips copy $b/$kind.png "tiff-$kind-big.tif[bigtiff,compression=deflate,predictor=horizontal]"
    $IM $b/$kind.png -endian MSB -compress LZW tiff-$kind-msb.tif
done
for compression in none lzw deflate packbits; do
    vips copy $b/rgb8.png "tiff-$compression.tif[compression=$compression]"
    vips copy $b/rgb16.png "tiff-$compression-16.tif[compression=$compression]"
done
tiffcp -c lzw:2 tiff-rgb16.tif tiff-lzw-predictor-16.tif
tiffcp -c zip:2 -p separate tiff-rgb8.tif tiff-planar.tif
tiffcp -c lzw -p separate -t -w 32 -l 16 tiff-rgb8.tif tiff-planar-tiles.tif
$IM $b/rgb16.png -interlace Plane -compress LZW tiff-planar-16.tif
tiffcp -B tiff-rgb16.tif tiff-msb-uncompressed-16.tif
tiffcp -r 5 tiff-rgb8.tif tiff-strips-of-5.tif
tiffcp -8 -c lzw tiff-rgb8.tif tiff-big-lzw.tif
vips copy $b/rgb8.png "tiff-jpeg.tif[compression=jpeg,Q=95]"
vips copy $b/rgb8.png "tiff-jpeg-tiles.tif[compression=jpeg,Q=95,tile,tile-width=32,tile-height=32]"
vips copy $b/grey8.png "tiff-jpeg-grey.tif[compression=jpeg,Q=95]"
$IM $b/grey8.png -threshold 50% -compress Group4 tiff-fax4.tif
$IM $b/grey8.png -threshold 50% -compress None tiff-1-bit.tif
$IM $b/grey8.png -threshold 50% -define quantum:polarity=min-is-white -compress LZW tiff-1-bit-min-is-white.tif
$IM $b/grey8.png -define quantum:polarity=min-is-white tiff-8-bit-min-is-white.tif
$IM $b/grey8.png -depth 4 tiff-grey-4.tif
$IM $b/rgb8.png +dither -colors 16 -type Palette tiff-palette-4.tif
$IM $b/rgb8.png +dither -colors 200 -type Palette -compress LZW tiff-palette-8.tif
$IM $b/rgb8.png -colorspace CMYK tiff-cmyk.tif
$IM $b/rgb8.png -colorspace CMYK -compress LZW tiff-cmyk-lzw.tif
$IM $b/rgb16.png -colorspace CMYK -depth 16 tiff-cmyk-16.tif
vips icc_export $b/rgb8.png tiff-cmyk-profile.tif --output-profile cmyk 2>/dev/null
$IM $b/rgba8.png -define tiff:alpha=associated tiff-alpha-associated.tif
for kind in rgb16 rgba16 grey16; do
    vips cast $b/$kind.png float.v float
    vips linear float.v unit.v 0.0000152590218967 0
    vips copy unit.v "tiff-float32-$kind.tif[compression=deflate]"
    vips copy unit.v "tiff-float32-$kind-tiles.tif[compression=lzw,tile,tile-width=16,tile-height=16]"
    $IM $b/$kind.png -depth 16 -define quantum:format=floating-point tiff-float16-$kind.tif
done
rm -f float.v unit.v
$IM $b/rgb8.png -depth 32 -define quantum:format=floating-point tiff-float32-other.tif
$IM $b/rgb8.png $b/grey8.png tiff-two-pages.tif

# BMP.
$IM $b/rgb8.png BMP3:bmp-24.bmp
$IM $b/rgb8.png BMP2:bmp-os2.bmp
$IM $b/rgba8.png bmp-32.bmp
$IM $b/grey8.png BMP3:bmp-grey.bmp
$IM $b/rgb8.png +dither -colors 200 -type Palette BMP3:bmp-palette-8.bmp
$IM $b/rgb8.png +dither -colors 16 -type Palette BMP3:bmp-palette-4.bmp
$IM $b/rgb8.png +dither -colors 200 -type Palette -compress RLE BMP3:bmp-rle.bmp
$IM $b/grey8.png -threshold 50% -type Bilevel BMP3:bmp-1.bmp
$IM $b/rgb8.png -define bmp:subtype=RGB565 bmp-565.bmp

# GIF, QOI-less PNM, JPEG XL.
$IM $b/rgb8.png +dither -colors 200 gif-plain.gif
$IM $b/rgb8.png +dither -colors 60 -interlace GIF gif-interlaced.gif
$IM $b/rgba8.png -channel A -threshold 50% +channel +dither -colors 60 gif-transparent.gif
$IM $b/grey8.png +dither -colors 30 gif-grey.gif
$IM -delay 10 $b/rgb8.png $b/grey8.png $b/rgb8.png +dither -colors 60 gif-animation.gif
for kind in rgb8 rgb16; do
    $IM $b/$kind.png pnm-$kind.ppm
    $IM $b/$kind.png -compress none pnm-$kind-plain.ppm
done
for kind in grey8 grey16; do
    $IM $b/$kind.png pnm-$kind.pgm
    $IM $b/$kind.png -compress none pnm-$kind-plain.pgm
done
$IM $b/grey8.png -threshold 50% pnm-bits.pbm
$IM $b/grey8.png -threshold 50% -compress none pnm-bits-plain.pbm
$IM $b/rgba8.png pnm-rgba8.pam
$IM $b/rgba16.png pnm-rgba16.pam
$IM $b/grey-alpha8.png pnm-grey-alpha8.pam
for kind in rgb8 rgb16 rgba8 rgba16 grey8 grey16; do
    cjxl --quiet -d 0 $b/$kind.png jxl-$kind.jxl 2>/dev/null
    cjxl --quiet -d 1 $b/$kind.png jxl-lossy-$kind.jxl 2>/dev/null
done
cjxl --quiet -d 0 --container=1 $b/rgb8.png jxl-container.jxl 2>/dev/null
cjxl --quiet --lossless_jpeg=1 jpeg-2x2.jpg jxl-from-jpeg.jxl 2>/dev/null
cjxl --quiet -d 0 -e 9 $b/rgb8.png jxl-effort-9.jxl 2>/dev/null

# Profiles, in every format that can hold one.
for profile in p3 adobe srgb; do
    $IM $b/rgb8.png -profile $b/$profile.icc profile-$profile.png
    $IM $b/rgb16.png -profile $b/$profile.icc profile-$profile-16.tif
    $IM $b/rgb8.png -profile $b/$profile.icc -quality 95 profile-$profile.jpg
    $IM $b/rgba8.png -profile $b/$profile.icc -define webp:lossless=true profile-$profile.webp
    cjxl --quiet -d 0 profile-$profile.png profile-jxl-$profile.jxl 2>/dev/null
done
$IM $b/grey8.png -profile $b/grey.icc profile-grey.png
$IM $b/grey8.png -profile $b/grey.icc profile-grey.jpg
$IM $b/grey16.png -profile $b/grey.icc profile-grey-16.tif

# What cameras and editors write; then every orientation.
tags="-Make=Maker -Model=Model-7 -Artist=Somebody -Copyright=Nobody -ImageDescription=Words -Software=Editor \
    -ModifyDate=2024:05:06+07:08:09 -DateTimeOriginal=2024:05:06+07:08:09 -ExposureTime=1/125 -FNumber=2.8 -ISO=200 \
    -LensModel=Lens -ExifImageWidth=64 -ExifImageHeight=48 -GPSLatitude=47.5 -GPSLatitudeRef=N -GPSLongitude=8.5 \
    -GPSLongitudeRef=E -XMP-dc:Title=Title -XMP-dc:Creator=Somebody -XMP-xmp:Rating=4 -XMP-tiff:Orientation#=1"
iptc="-IPTC:Keywords=word -IPTC:Keywords=another -IPTC:Caption-Abstract=Caption"
cp jpeg-2x2.jpg tags.jpg
cp $b/rgb8.png tags.png
cp tiff-rgb8.tif tags.tif
cp tiff-rgb16-msb.tif tags-msb.tif
cp webp-lossy.webp tags.webp
cp jxl-container.jxl tags-jxl.jxl
exiftool -q -overwrite_original $tags tags.png tags.webp tags-jxl.jxl
exiftool -q -overwrite_original $tags $iptc tags.jpg tags.tif tags-msb.tif
for unit in inches cm; do
    for suffix in jpg png tif bmp; do
        units=PixelsPerInch
        [ $unit = cm ] && units=PixelsPerCentimeter
        $IM $b/rgb8.png -units $units -density 118 density-$unit.$suffix
    done
done
for orientation in 1 2 3 4 5 6 7 8; do
    for suffix in jpg tif png webp; do
        cp tags.$suffix orientation-$orientation.$suffix
    done
    $IM $b/rgba16.png -compress LZW orientation-$orientation-alpha.tif
    exiftool -q -overwrite_original -Orientation#=$orientation -XMP-tiff:Orientation#=$orientation \
        orientation-$orientation.jpg orientation-$orientation.tif orientation-$orientation.png \
        orientation-$orientation.webp orientation-$orientation-alpha.tif
done
