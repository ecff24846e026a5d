import{m as i}from"./chunk-FFIKGH7E.js";var o=i(!1);export{o as a};
