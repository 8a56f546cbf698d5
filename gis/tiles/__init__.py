"""Vector tiles 矢量瓦片: written, kept and handed out."""
