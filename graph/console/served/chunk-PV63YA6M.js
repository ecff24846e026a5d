import{m as i}from"./chunk-K3BGHDOQ.js";var o=i(!1);export{o as a};
