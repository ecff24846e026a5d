import{m as i}from"./chunk-5DWNFX5H.js";var o=i(!1);export{o as a};
